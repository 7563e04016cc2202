/** Runs every command line of the Markdown texts and the manual, and checks that it does what the text says. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { examples, policyExample } from '../../packaging/manual/words.ts';
import { commands } from '../../src/cli/commands.ts';
import { cdiErrors } from '../support/cdi-shape.ts';
import { fakeRoot } from '../support/fake-root.ts';
import { linesOfManual, linesOfText, markdownFiles, projectText } from './lines.ts';
import { argsOn, machine, runExec, runOn, uuid } from './machine.ts';
import {
  all,
  execs,
  inVmScenario,
  prints,
  printsBeforeSync,
  probes,
  type Row,
  runsVfioId,
  serves,
} from './ways.ts';

const writesSpec: Row = async (t, root, line) => {
  const { status, out } = await runOn(root, line);
  t.is(status, 0);
  const [, file = ''] = /^written (.*): 2 devices, cdev$/m.exec(out) ?? [];
  const text = file === '' ? out : readFileSync(file, 'utf8');
  t.deepEqual(cdiErrors(JSON.parse(text)), []);
  t.true(text.includes('"/dev/vfio/devices/vfio3"'));
};

const created = (name: string, node: string): RegExp =>
  new RegExp(`^create /dev/vfio/${name} -> ../devices/${node}$`, 'm');
const allCreated = [created('pci/0000:00:04.0', 'vfio1'), created('pci/0000:01:00.0', 'vfio3')];
const table = [/^NAME +DEVICE +DRIVER +GROUP +STATE$/m, /^pci\/0000:01:00\.0 .* vfio-pci +14 +ok$/m];
const facts = [
  /^10de:2204 VGA controller at pci\/0000:01:00\.0: ok$/m,
  /^ {2}Path +\/dev\/vfio\/devices\/vfio3$/m,
  /^ {2}Device number +247:3$/m,
  /^ {2}Link +\/dev\/vfio\/pci\/0000:01:00\.0$/m,
  /^ {2}Systemd unit +dev-vfio-pci-0000:01:00\.0\.device$/m,
];
const address = /^0000:01:00\.0\n$/;
const port = '/sys/devices/pci0000:00/0000:00:06.0';
const node = /^\/dev\/vfio\/devices\/vfio3\n$/;
const doctor = prints(0, /^ok +devices +3 bound to VFIO drivers$/m, /^warning +udev .*\n +-> start udev/m);
const rulesFile = '/etc/udev/rules.d/70-vfio-names.rules';

const writesRules: Row = async (t, root, line) => {
  await prints(0, /^wrote \S+\/etc\/udev\/rules\.d\/70-vfio-names\.rules$/m)(t, root, line);
  t.is(readFileSync(root.at(rulesFile), 'utf8'), projectText('rules/70-vfio-names.rules'));
};
const holders = all(prints(0, /^$/), inVmScenario('held', /vfio_names holders \$address/));
const emulator = [
  '-object',
  'iommufd,id=iommufd0,fd=4',
  '-device',
  'vfio-pci,id=device0,fd=3,iommufd=iommufd0',
];
const triggered = inVmScenario(
  'watch-beside-udev',
  /udevadm trigger --subsystem-match=vfio-dev --action=change$/m,
);

/** The commands that bind a device are those that doctor suggests. */
const isSuggested: Row = async (t, root, line) => {
  const { out } = await runOn(root, 'vfio-names doctor');
  const suggested = out.replaceAll('ADDRESS', '0000:01:00.0');
  t.true(suggested.includes(` ${line}\n`), suggested);
};
const bindLines = Object.fromEntries(
  [
    'echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override',
    'echo 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind',
    'echo 0000:01:00.0 > /sys/bus/pci/drivers_probe',
  ].map((line): [string, Row] => [line, (t, _, text) => isSuggested(t, fakeRoot(t), text)]),
);

/** Renders the rules of a policy in /usr/lib into an image; `rules check` and doctor find them there. */
const rendersIntoImage: Row = async (t, root, line) => {
  const [command = '', path = ''] = line.split(' > ');
  root.write(
    '/usr/lib/vfio-names/site.toml',
    '[names]\nby-path = true\n\n[[bind]]\nmatch = { vendor = "0x10de" }\ndriver = "vfio-pci"\n',
  );
  for (const [text, file] of [
    ['vfio-names rules render', '70-vfio-names.rules'],
    ['vfio-names rules render --bind', '60-vfio-names-bind.rules'],
  ] as const) {
    const { status, out, err } = await runOn(root, text);
    t.is(status, 0, err.join('\n'));
    t.true(out.length > 100, text);
    root.write(`/usr/lib/udev/rules.d/${file}`, out);
  }
  t.true(path.endsWith(command.includes('--bind') ? '/60-vfio-names-bind.rules' : '/70-vfio-names.rules'));
  const { status, out, err } = await runOn(root, 'vfio-names rules check');
  t.is(status, 0, out + err.join('\n'));
};

/** The line prints the address of the device by its path; then the device is unbound, and `rest` follows. */
const whenUnbound = (rest: Row): Row => {
  return async (t, root, line) => {
    root.write('/etc/vfio-names/names.toml', '[names]\nby-path = true\n');
    await prints(0, address)(t, root, line);
    root.unbind({ bus: 'pci', name: '0000:01:00.0', sysname: 'vfio3', syspath: `${port}/0000:01:00.0` });
    await rest(t, root, line);
  };
};

const rows: Readonly<Record<string, Row>> = {
  'vfio-names rules render > /usr/lib/udev/rules.d/70-vfio-names.rules': rendersIntoImage,
  'vfio-names rules render --bind > /usr/lib/udev/rules.d/60-vfio-names-bind.rules': rendersIntoImage,
  'vfio-names': prints(0, ...table),
  'vfio-names list --bus pci --json': prints(0, /"node": "vfio3"/),
  'vfio-names list': prints(0, ...table),
  'vfio-names show NAME': prints(0, ...facts),
  'vfio-names show 01:00.0': prints(0, ...facts),
  'vfio-names resolve NAME': prints(0, node),
  'vfio-names resolve 0000:01:00.0': prints(0, node),
  'node=$(vfio-names resolve 0000:01:00.0) || exit': prints(0, node),
  'vfio-names resolve NAME --print name': prints(0, address),
  'vfio-names resolve --print name vfio3': prints(0, address),
  'address=$(vfio-names resolve by-path/pci0000_00-06.0-00.0 --print name --any-driver) || exit': whenUnbound(
    async (t, root, line) => {
      root.replaceLink(`${port}/0000:01:00.0/driver`, '/sys/bus/pci/drivers/nouveau');
      await prints(0, address)(t, root, line);
      t.is((await runOn(root, line.replace(' --any-driver', ''))).status, 3);
    },
  ),
  'address=$(vfio-names resolve by-path/pci0000_00-06.0-00.0 --print name) || exit': whenUnbound(
    async (t, root, line) => {
      // The address that the device has after a card was added.
      root.add({ name: '0000:03:00.0', sysname: 'vfio3', parent: port });
      await prints(0, /^0000:03:00\.0\n$/)(t, root, line);
    },
  ),
  'vfio-names resolve --print devnum vfio3': prints(0, /^247:3\n$/),
  'vfio-names plan': printsBeforeSync(6, ...allCreated),
  'vfio-names plan --root /mnt/image': printsBeforeSync(6, ...allCreated),
  'vfio-names sync': printsBeforeSync(0, ...allCreated),
  'vfio-names sync --root /mnt/image': printsBeforeSync(0, ...allCreated),
  'vfio-names verify': prints(0, /^OK: 3 devices, 3 names, all correct$/m),
  'vfio-names verify --quiet': prints(0, /^$/),
  'vfio-names probe NAME': probes(/^0000:01:00\.0: can be opened: \/dev\/vfio\/devices\/vfio3$/m),
  'vfio-names probe --all': all(
    probes(
      /^0000:00:04\.0: can be opened/m,
      /^0000:01:00\.0: can be opened/m,
      new RegExp(`^${uuid}: can be opened`, 'm'),
    ),
    inVmScenario('probe-free', /vfio_names probe --all$/m),
  ),
  'vfio-names probe --bind --yes 0000:01:00.0': all(
    probes(/^0000:01:00\.0: can be opened: .*\n {2}flags reset pci; 3 regions, 2 irqs$/m),
    inVmScenario('probe-free', /vfio_names probe --bind --yes \$address$/m),
  ),
  'vfio-names holders NAME': holders,
  'vfio-names holders 0000:01:00.0': holders,
  'vfio-names doctor': all(doctor, inVmScenario('doctor', /doctor/)),
  ...bindLines,
  'cp rules/70-vfio-names.rules /etc/udev/rules.d/': async (t, root) => {
    const { out } = await runOn(root, 'vfio-names rules render');
    t.is(projectText('rules/70-vfio-names.rules'), out);
    inVmScenario('rules-removed', /^cp \/project\/rules\/70-vfio-names\.rules \/run\/udev\/rules\.d\/$/m)(
      t,
      root,
      '',
    );
  },
  'vfio-names watch': serves(),
  'vfio-names watch --metrics /var/lib/node_exporter/vfio.prom': serves(
    '/var/lib/node_exporter/vfio.prom',
    /^vfio_names_devices\b.* 3$/m,
  ),
  'vfio-names exec NAME -- CMD': execs('true', [], 'pci/0000:01:00.0=3'),
  'vfio-names exec --iommu 0000:01:00.0 -- ./vmm --device-fd {fd} --iommu-fd {iommufd}': execs(
    './vmm',
    ['--device-fd', '3', '--iommu-fd', '4'],
    'pci/0000:01:00.0=3 iommu=4',
  ),
  'prlimit --memlock=$((9 << 30)) vfio-names exec --iommu --user qemu 0000:01:00.0 -- qemu-system-x86_64 -m 8G -object iommufd,id=iommufd0,fd={iommufd} -device vfio-pci,id=device0,fd={fd},iommufd=iommufd0':
    all(
      execs('qemu-system-x86_64', ['-m', '8G', ...emulator], 'pci/0000:01:00.0=3 iommu=4'),
      inVmScenario(
        'exec-qemu',
        /prlimit --memlock=.* exec --iommu --user nobody \$address -- \\$/m,
        /-object 'iommufd,id=iommufd0,fd=\{iommufd\}' -device 'vfio-pci,id=device0,fd=\{fd\},iommufd=iommufd0'/,
      ),
    ),
  'prlimit --memlock=$((9 << 30)) vfio-names exec --interface group --no-fds --user qemu 0000:01:00.0 -- qemu-system-x86_64 -m 8G -device vfio-pci,host=0000:01:00.0':
    all(
      async (t, root, line) => {
        root.addGroup('14');
        // The nodes of the test have no descriptors in /proc.
        const { args, environment } = await runExec(root, line.replace('--user qemu ', ''));
        t.deepEqual(args, ['qemu-system-x86_64', '-m', '8G', '-device', 'vfio-pci,host=0000:01:00.0']);
        t.false(environment.some((variable) => variable.startsWith('VFIO_NAMES_FDS=')));
      },
      inVmScenario(
        'exec-qemu-group',
        /exec --interface group --no-fds --user nobody \$address -- "\$@"$/m,
        /-device "vfio-pci,host=\$address"/,
      ),
    ),
  'vfio-names exec --iommu 0000:01:00.0 -- cloud-hypervisor --platform iommufd_fd={iommufd} --device fd={fd} --kernel vmlinux --disk path=disk.img':
    execs(
      'cloud-hypervisor',
      ['--platform', 'iommufd_fd=4', '--device', 'fd=3', '--kernel', 'vmlinux', '--disk', 'path=disk.img'],
      'pci/0000:01:00.0=3 iommu=4',
    ),
  'vfio-names cdi': writesSpec,
  'vfio-names cdi --output /etc/cdi/vfio-names-pci.json': all(
    writesSpec,
    inVmScenario('podman', /vfio_names cdi --output \/etc\/cdi\/vfio-names-pci\.json$/m),
  ),
  'podman run --device vfio-names.dev/pci=0000:01:00.0 ...': inVmScenario(
    'podman',
    /--device vfio-names\.dev\/pci=\$a /,
  ),
  'vfio-names graph': prints(
    0,
    /^pci0000:00$/m,
    /^.* 0000:01:00\.0 · VGA controller · group 14 · vfio-pci, vfio3 · pci\/0000:01:00\.0$/m,
  ),
  'vfio-names graph --format svg > devices.svg': prints(
    0,
    /^<\?xml [\s\S]*<svg [\s\S]*0000:01:00\.0[\s\S]*<\/svg>\n$/,
  ),
  'vfio-names graph --format dot | dot -Tsvg': prints(0, /^(?:di)?graph [\s\S]*0000:01:00\.0[\s\S]*\}\n$/),
  'echo > /sys/bus/pci/devices/0000:01:00.0/driver_override': inVmScenario(
    'bind-rules',
    /^echo >\$pci\/\$b\/driver_override$/m,
  ),
  'vfio-names bind': inVmScenario('bind-rules', /vfio_names bind$/m),
  'vfio-names bind --dry-run': prints(0, /^the policy has no rules for drivers/),
  'vfio-names nfd': prints(
    0,
    /^vfio-names\.dev\/pci\.count=2$/m,
    /^vfio-names\.dev\/pci-0300_10de\.count=1$/m,
  ),
  'vfio-names nfd --output /etc/kubernetes/node-feature-discovery/features.d/vfio-names': async (
    t,
    root,
    line,
  ) => {
    await prints(0, /^written .*\/features\.d\/vfio-names: 3 devices$/m)(t, root, line);
    t.regex(
      readFileSync(root.at('/etc/kubernetes/node-feature-discovery/features.d/vfio-names'), 'utf8'),
      /^vfio-names\.dev\/interface=cdev$/m,
    );
  },
  'vfio-names rules render': prints(0, /^ACTION!?=/m),
  'vfio-names rules render --target mdev': all(
    prints(0, /^vfio\/devices\/vfio\[0-9\]\+ root:root 0600 \*\/usr\/lib\/udev\/vfio_id link "\$ACTION"$/m),
    inVmScenario('mdev-daemon', /vfio_names rules render --target mdev >\/etc\/mdev\.conf/),
  ),
  'vfio-names rules check': prints(1, /vfio-names rules install/),
  'vfio-names rules install': writesRules,
  'vfio-names rules install --dry-run': async (t, root, line) => {
    await prints(0, /^--- \/dev\/null\n\+\+\+ .*70-vfio-names\.rules\n/m)(t, root, line);
    t.false(existsSync(root.at(rulesFile)));
  },
  'vfio-names rules uninstall': async (t, root, line) => {
    await runOn(root, 'vfio-names rules install');
    await prints(0, /^removed \S+\/etc\/udev\/rules\.d\/70-vfio-names\.rules$/m)(t, root, line);
    t.false(existsSync(root.at(rulesFile)));
  },
  'vfio-names config check': prints(0, /^no policy file: only the default names of scheme 1$/m),
  'vfio-names config check ./10-gpu.toml': async (t, root, line) => {
    writeFileSync(argsOn(root, line)[2] ?? '', policyExample);
    await prints(0, /^1 policy file OK: 3 name rules, 1 access rule, 1 driver rule$/m)(t, root, line);
  },
  'vfio-names config show': prints(0, /^scheme = 1 {2}# default$/m),
  'vfio-names config schema': async (t, root, line) => {
    const { out } = await runOn(root, line);
    t.deepEqual(JSON.parse(out), JSON.parse(projectText('src/policy/policy.schema.json')));
  },
  'vfio-names COMMAND --help': async (t, root) => {
    const { status, out } = await runOn(root, 'vfio-names resolve --help');
    t.is(status, 0);
    t.regex(out, /^Usage: vfio-names resolve/);
  },
  'systemctl reload vfio-names.service': inVmScenario('watch-systemd', /systemctl reload \$unit$/m),
  'udevadm control --reload': inVmScenario('rules-removed', /^reload_rules$/m),
  'udevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change': inVmScenario(
    'group-changes',
    /udevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change$/m,
  ),
  'udevadm trigger --subsystem-match=vfio-dev --action=change': triggered,
  'vfio_id link add': runsVfioId('add', { 'pci/0000:01:00.0': '../devices/vfio3' }),
  'vfio_id link remove': runsVfioId('remove', {
    [`mdev/${uuid}`]: '../devices/vfio7',
    'pci/0000:00:04.0': '../devices/vfio1',
  }),
};

const shown = [
  ...new Set([...markdownFiles.flatMap((path) => linesOfText(projectText(path))), ...linesOfManual()]),
];

for (const line of shown.filter((line) => !line.startsWith('npm ')))
  test(`example "${line}" does what the text says`, async (t) => {
    const row = rows[line];
    if (!row) return t.fail('expected a row of this table that runs it, found none; add one');
    await row(t, machine(t), line);
  });

test('every row of the example table occurs in a text or the manual', (t) => {
  t.deepEqual(
    Object.keys(rows).filter((line) => !shown.includes(line)),
    [],
  );
});

test('every command has an example in the manual', (t) => {
  t.deepEqual(Object.keys(examples).sort(), commands.map(({ name }) => name).sort());
});
