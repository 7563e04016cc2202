import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { parse } from 'smol-toml';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { validJson } from '../../../support/schema.ts';

test('config check accepts a machine without policy, and config show prints the default policy', async (t) => {
  const root = fakeRoot(t);
  const check = await runCli(['config', 'check', '--root', root.dir]);
  t.deepEqual(check, { status: 0, out: 'no policy file: only the default names of scheme 1\n', err: [] });
  const show = await runCli(['config', 'show', '--root', root.dir]);
  t.deepEqual(show, { status: 0, out: 'scheme = 1  # default\n', err: [] });
});

test('config check reports all errors of all files with file and line, on stderr only', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
  root.write('/etc/vfio-names/20-b.toml', '[names]\nby-paht = true\nby-slto = true\n');
  root.write('/usr/lib/vfio-names/10-a.toml', '[[link]]\nname = "gpu"\nmatch.vendor = "x"\n');
  const { status, out, err } = await runCli(['config', 'check', '--root', root.dir]);
  t.is(status, 2);
  t.is(out, '');
  t.deepEqual(
    err.map((line) => line.replace(root.dir, '').replace(/(: [a-z.-]+): .*$/, '$1')),
    [
      'vfio-names: /usr/lib/vfio-names/10-a.toml:2: link.name',
      'vfio-names: /usr/lib/vfio-names/10-a.toml:3: link.match.vendor',
      'vfio-names: /etc/vfio-names/20-b.toml:2: names.by-paht',
      'vfio-names: /etc/vfio-names/20-b.toml:3: names.by-slto',
    ],
  );
  const json = await runCli(['config', 'check', '--json', '--root', root.dir]);
  t.is(json.status, 2);
  t.is(validJson<{ errors: unknown[] }>(t, 'config-check', json.out).errors.length, 4);
});

test('config check looks up users and groups below --root', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nqemu:x:107:107::/:/sbin/nologin\n');
  root.write('/etc/group', 'root:x:0:\nkvm:x:36:\n');
  root.write(
    '/etc/vfio-names/10-a.toml',
    '[[access]]\nowner = "qemv"\ngroup = "kvm"\n[[access]]\nowner = "4711"\nmatch.bus = "pci"\n[iommu]\ngroup = "libvirt"\n',
  );
  const { status, err } = await runCli(['config', 'check', '--root', root.dir]);
  t.is(status, 2);
  const file = root.at('/etc/vfio-names/10-a.toml');
  t.deepEqual(err, [
    `vfio-names: ${file}:2: access.owner: no user "qemv" on this machine; did you mean "qemu"?`,
    `vfio-names: ${file}:8: iommu.group: no group "libvirt" on this machine; create it, or write its number in quotes`,
    `vfio-names: warning: ${file}:5: access.owner: the user "4711" (4711) is not a system account, so udev 258 and 259 ignore it; use a user with a number up to 999 (useradd --system)`,
  ]);
});

test('config check reports the errors of all files and accounts in one order, and files that are ignored', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
  root.write('/etc/vfio-names/10-a.toml', '[[access]]\nmatch.bus = "pci"\n\nowner = "qemv"\n');
  root.write('/etc/vfio-names/20-b.toml', 'x\n[names]\nby-path = 1\n');
  root.write('/etc/vfio-names/30-c.toml', '[[access]]\nmode = "0666"\n');
  root.write('/etc/vfio-names/40.conf', '');
  const { status, err } = await runCli(['config', 'check', '--root', root.dir]);
  t.is(status, 2);
  t.deepEqual(
    err.map((line) => line.replace(root.at('/etc/vfio-names/'), '').replace(/^vfio-names: /, '')),
    [
      '10-a.toml:4: access.owner: no user "qemv" on this machine; create it, or write its number in quotes',
      '20-b.toml:1: bad TOML: illegal character in key; write x = true, or another value',
      '    1 | x',
      '      |  ^',
      '20-b.toml:3: names.by-path: expected true or false; found the number 1',
      '30-c.toml:2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found "0666"',
      'warning: 40.conf is ignored: expected a name that ends in .toml and does not begin with a dot',
    ],
  );
});

test('config check skips the lookup of users without /etc/passwd, and config show always', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', '[[access]]\nowner = "nobody-here"\n');
  t.is((await runCli(['config', 'check', '--root', root.dir])).status, 0);
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
  t.is((await runCli(['config', 'check', '--root', root.dir])).status, 2);
  t.is((await runCli(['config', 'show', '--root', root.dir])).status, 0);
});

test('config check warns if devices of one IOMMU group are assigned to different users', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14' });
  root.add({ name: '0000:01:00.1', sysname: 'vfio1', group: '14' });
  root.write('/etc/vfio-names/10-a.toml', '[[access]]\nmatch.name = "01:00.0"\ngroup = "kvm"\n');
  const { status, out, err } = await runCli(['config', 'check', '--root', root.dir]);
  t.is(status, 0);
  t.is(
    out.replace(root.dir, ''),
    '1 policy file OK: 0 name rules, 1 access rule\n  /etc/vfio-names/10-a.toml:1: access: fits 1 device here: 0000:01:00.0\n',
  );
  t.deepEqual(err, [
    'vfio-names: warning: IOMMU group 14 is one unit of isolation, but its devices go to different users: 0000:01:00.0 to root:kvm, 0000:01:00.1 to root:root',
  ]);
  const json = await runCli(['config', 'check', '--json', '--root', root.dir]);
  t.is(validJson<{ warnings: unknown[] }>(t, 'config-check', json.out).warnings.length, 1);
});

test('config check FILE... checks these files in the given order instead of the installed ones', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', 'bad');
  root.write('/b.toml', '[names]\nby-path = true\n');
  root.write('/a.toml', '[[link]]\nname = "by-path/{{path}}"\nmatch.bus = "pcii"\n');
  const { status, out, err } = await runCli([
    'config',
    'check',
    root.at('/b.toml'),
    root.at('/a.toml'),
    '--root',
    root.dir,
  ]);
  t.is(status, 0);
  t.is(out, '2 policy files OK: 2 name rules, 0 access rules\n');
  t.deepEqual(err, [
    `vfio-names: warning: ${root.at('/a.toml')}:3: link.match.bus: no bus "pcii" is known to have VFIO devices; did you mean "pci"?`,
  ]);
  const none = await runCli(['config', 'check', root.at('/none.toml')]);
  t.deepEqual(none, {
    status: 2,
    out: '',
    err: [`vfio-names: ${root.at('/none.toml')}: expected a policy file, found none`],
  });
});

test('config show prints valid TOML with the source file of each part', async (t) => {
  const root = fakeRoot(t);
  root.write('/usr/lib/vfio-names/10-a.toml', '[names]\nby-path = true\nby-tag = true\n');
  root.write('/etc/vfio-names/20-b.toml', '[names]\nby-path = false\n\n[[link]]\nname = "by-x/{{name}}"\n');
  const { status, out } = await runCli(['config', 'show', '--root', root.dir]);
  t.is(status, 0);
  t.is(
    out.replaceAll(root.dir, ''),
    `scheme = 1  # default

[names]
by-tag = true  # /usr/lib/vfio-names/10-a.toml:3
by-path = false  # /etc/vfio-names/20-b.toml:2

# /etc/vfio-names/20-b.toml:4
[[link]]
name = "by-x/{{name}}"
`,
  );
  t.deepEqual(parse(out), {
    scheme: 1,
    names: { 'by-tag': true, 'by-path': false },
    link: [{ name: 'by-x/{{name}}' }],
  });
});

test('config show --json matches its schema', async (t) => {
  const root = fakeRoot(t);
  root.write(
    '/etc/vfio-names/10-a.toml',
    `scheme = 1
[names]
by-tag = true
[names.by-alias]
gpu = { name = "01:00.0", not = { pf = "*" } }
[[link]]
name = 'by-x/{{pad (lower (replace name ":" "")) 12}}'
priority = 3
[[access]]
match.bus = "pci"
owner = "1000"
group = "kvm"
mode = "0640"
[iommu]
group = "kvm"
`,
  );
  const { status, out } = await runCli(['config', 'show', '--json', '--root', root.dir]);
  t.is(status, 0);
  const { files } = validJson<{ files: string[] }>(t, 'config-show', out);
  t.deepEqual(files, [root.at('/etc/vfio-names/10-a.toml')]);
  const bare = await runCli(['config', 'show', '--json', '--policy', root.at('/etc/passwd')]);
  t.is(bare.status, 2);
});

test('config show --policy prints the policy of this file', async (t) => {
  const root = fakeRoot(t);
  root.write('/try.toml', '[names]\nby-group = true\n');
  const { out } = await runCli(['config', 'show', '--root', root.dir, '--policy', root.at('/try.toml')]);
  t.regex(out, /by-group = true/);
});

test('config schema prints the JSON Schema that validates policies', async (t) => {
  const { status, out } = await runCli(['config', 'schema']);
  t.is(status, 0);
  const path = new URL('../../../../src/policy/policy.schema.json', import.meta.url);
  const schema = JSON.parse(readFileSync(path, 'utf8'));
  t.deepEqual(JSON.parse(out), schema);
  const validate = new Ajv2020({ strict: true }).compile(schema);
  t.true(validate(parse('scheme = 1\n[[link]]\nmatch = { vf = [0, "1"] }\nname = "by-x/a"\n')));
  t.false(validate(parse('[[link]]\n')));
});

test('config schema has every fact that a match can test', async (t) => {
  const { matchFacts } = await import('../../../../src/policy/facts.ts');
  const { out } = await runCli(['config', 'schema']);
  const { $defs } = JSON.parse(out);
  t.deepEqual(Object.keys($defs.match.properties), [...matchFacts, 'not']);
  t.deepEqual(Object.keys($defs.not.properties), [...matchFacts]);
});

test('config check lists the devices that get another driver, and warns about those that the host uses', async (t) => {
  const root = fakeRoot(t);
  const free = { driver_override: '(null)', boot_vga: '0' };
  root.add({ name: '0000:00:05.0', driver: 'nvme', attributes: free });
  root.add({ name: '0000:00:06.0', driver: 'amdgpu', attributes: { ...free, boot_vga: '1' } });
  root.write('/proc/sys/kernel/osrelease', '7.2.0\n');
  for (const list of ['builtin', 'dep'])
    root.write(`/lib/modules/7.2.0/modules.${list}`, 'kernel/drivers/vfio/pci/vfio-pci.ko.xz: x\n');
  root.write(
    '/p.toml',
    `[[bind]]
match = { name = "0000:00:05.0" }
driver = "mlx5_vfio_pci"
[[bind]]
match = { name = ["0000:00:05.0", "0000:00:06.0"] }
[[bind]]
match = { name = "0000:99:00.0" }
[[bind]]
match = { vendor = "10de" }
driver = "nvidia"
`,
  );
  const { status, err, out } = await runCli(['config', 'check', '--root', root.dir, root.at('/p.toml')]);
  const file = root.at('/p.toml');
  t.is(status, 0);
  t.deepEqual(err, [
    `vfio-names: warning: ${file}:1: bind: has no effect: ${file}:4 comes later and gives these devices the driver vfio-pci`,
    `vfio-names: warning: ${file}:1: bind.driver: this kernel has no driver mlx5_vfio_pci; a device with it has no driver after the next boot`,
    `vfio-names: warning: ${file}:1: bind.driver: gives 0000:00:05.0 the driver mlx5_vfio_pci, but ${file}:4 comes later and gives it vfio-pci; the later one decides; exclude the device from one of them`,
    `vfio-names: warning: ${file}:4: bind: gives vfio-pci to 0000:00:06.0, which amdgpu has now; it is the graphics card of the console`,
    `vfio-names: warning: ${file}:6: bind: fits no device here`,
    `vfio-names: warning: ${file}:8: bind.driver: nvidia is not a VFIO driver; the default is the VFIO driver of the bus`,
    `vfio-names: warning: ${file}:8: bind: fits no device here`,
    `vfio-names: note: ${file}:4: bind: gives vfio-pci to 0000:00:05.0, which nvme has now`,
  ]);
  t.is(out, '1 policy file OK: 0 name rules, 0 access rules, 4 driver rules\n');
});

test('config check warns if a rule takes only a part of an IOMMU group', async (t) => {
  const root = fakeRoot(t);
  const attributes = { driver_override: '(null)' };
  root.add({ name: '0000:01:00.0', group: '14', attributes });
  root.add({ name: '0000:01:00.1', group: '14', driver: 'snd_hda_intel', attributes });
  root.add({ name: '0000:00:01.0', group: '14', driver: 'pcieport', attributes });
  const check = async (name: string) => {
    root.write('/p.toml', `[[bind]]\nmatch = { name = "${name}" }\n`);
    return (await runCli(['config', 'check', '--root', root.dir, root.at('/p.toml')])).err;
  };
  t.true(
    (await check('0000:01:00.0')).includes(
      `vfio-names: warning: ${root.at('/p.toml')}:1: bind: 0000:01:00.0 cannot be used alone: 0000:01:00.1 (snd_hda_intel) of its IOMMU group is left to the host; match the whole group`,
    ),
  );
  t.false((await check('0000:01:00.*')).some((line) => line.includes('used alone')));
});

test('config show prints the keys about groups, as TOML that can be read again and as a document', async (t) => {
  const root = fakeRoot(t);
  const show = async (text: string, ...args: string[]) => {
    root.write('/etc/vfio-names/a.toml', text);
    return (await runCli(['config', 'show', ...args, '--root', root.dir])).out;
  };
  for (const names of [{ groups: 'auto' }, { groups: true, 'group-links': false }, { groups: false }]) {
    const text = Object.entries(names)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
      .join('\n');
    t.deepEqual(parse(await show(`[names]\n${text}\n`))['names'], names);
  }
  interface Shown {
    readonly settings: readonly { readonly key: string; readonly value: unknown }[];
    readonly policy: { readonly groups?: unknown };
  }
  const shown = validJson<Shown>(
    t,
    'config-show',
    await show('[names]\ngroups = true\ngroup-links = false\n', '--json'),
  );
  t.deepEqual(shown.policy.groups, { enabled: true, policyLinks: false });
  const auto = validJson<Shown>(t, 'config-show', await show('[names]\ngroups = "auto"\n', '--json'));
  t.deepEqual(
    auto.settings.map(({ key, value }) => [key, value]),
    [['names.groups', 'auto']],
  );
  t.is(auto.policy.groups, undefined);
});
