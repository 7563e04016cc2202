import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { validJson } from '../../../support/schema.ts';
import { sample, uuid } from '../sample.ts';

test('show prints a headline, its findings, and the facts in sections', async (t) => {
  const { run } = sample(t);
  const { status, out, err } = await run('show', '0000:01:00.0');
  t.is(status, 0);
  t.deepEqual(err, []);
  t.is(
    out.replace(/^( {2}Owner +)\S+:\S+ /m, '$1me '),
    `10de:2204 at pci/0000:01:00.0: link missing
link-missing: /dev/vfio/pci/0000:01:00.0: expected a link to ../devices/vfio0, found nothing
    -> vfio-names sync, or udevadm trigger --subsystem-match=vfio-dev --action=change

Device
  Bus            pci
  Name           0000:01:00.0
  Driver         vfio-pci
  Bound by       hand or a program such as libvirt
  Vendor id      0x10de
  Device id      0x2204
  Function       0
  NUMA node      0
  PCI path       pci0000_00-00.0
  In sysfs       /sys/devices/pci0000:00/0000:01:00.0

Node
  Path           /dev/vfio/devices/vfio0
  Device number  247:0
  Owner          me 0600

Names
  Link           /dev/vfio/pci/0000:01:00.0
  Systemd unit   dev-vfio-pci-0000:01:00.0.device

IOMMU group 14
  Node           /dev/vfio/14
`,
  );
});

test('show prints why a device has no node', async (t) => {
  const { run } = sample(t);
  const { status, out } = await run('show', '03:00.0');
  t.is(status, 0);
  t.regex(out, /^pci\/0000:03:00\.0: no node\nwarning: this kernel does not create a node for the device/);
  t.notRegex(out, /^ +(Link|Systemd unit) /m);
});

test('show warns first if another driver keeps the group of the device from VFIO', async (t) => {
  const { root, run } = sample(t);
  await run('sync');
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  const { out } = await run('show', 'vfio0');
  t.regex(
    out,
    /^10de:2204 at pci\/0000:01:00\.0: group cannot be used\nwarning: the devices of group 14 cannot be used until pci\/0000:01:00\.1 \(snd_hda_intel\) is unbound: they share the group with it\n/,
  );
  t.regex(out, /^ {2}Shared with +pci\/0000:01:00\.1 \(snd_hda_intel\): blocks the group$/m);
});

test('show prints names of units as systemd writes them, and colours on a terminal', async (t) => {
  const { root } = sample(t);
  const { out } = await runCli(
    ['show', uuid, '--root', root.dir],
    {},
    { stdoutIsTty: true, columns: () => 80 },
  );
  t.true(out.includes('\\x2d509f\\x2d'));
  t.regex(out, /^\u001b\[1mmdev\/[-0-9a-f]+\u001b\[22m: \u001b\[33mlink missing\u001b\[39m\n/);
  t.regex(out, /^\u001b\[1mNode\u001b\[22m$/m);
});

test('show fits a narrow terminal, except for paths', async (t) => {
  const { root } = sample(t);
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  const { out } = await runCli(
    ['show', 'vfio0', '--no-color', '--root', root.dir],
    {},
    { stdoutIsTty: true, columns: () => 44 },
  );
  for (const line of out.split('\n')) t.true(line.length <= 44 || /[/-]\S{16,}$/.test(line), line);
  t.true(out.startsWith('10de:2204 at pci/0000:01:00.0: link missing\nwarning: '));
  const narrow = await runCli(
    ['show', 'vfio0', '--no-color', '--root', root.dir],
    {},
    { stdoutIsTty: true, columns: () => 42 },
  );
  t.true(narrow.out.startsWith('10de:2204 at pci/0000:01:00.0:\n    link missing\n'));
  t.regex(narrow.out, /^ {2}In sysfs\n {4}\/sys\/devices\/pci0000:00\/0000:01:00\.0$/m);
});

test('show breaks a headline that is longer than the terminal is wide between words', async (t) => {
  const { root } = sample(t);
  root.write('/usr/share/misc/pci.ids', '10de  NVIDIA Corporation\n\t2204  GA102 [GeForce RTX 3090]\n');
  const show = async (columns: number): Promise<string> =>
    (
      await runCli(
        ['show', 'vfio0', '--no-color', '--root', root.dir],
        {},
        { stdoutIsTty: true, columns: () => columns },
      )
    ).out;
  t.true(
    (await show(40)).startsWith('NVIDIA GA102 [GeForce RTX 3090] at\n    pci/0000:01:00.0: link missing\n'),
  );
  t.true((await show(80)).startsWith('NVIDIA GA102 [GeForce RTX 3090] at pci/0000:01:00.0: link missing\n'));
});

test('show --json prints one document that matches its schema, with the siblings of the group', async (t) => {
  const { root, run } = sample(t);
  root.add({ name: '0000:01:00.1', driver: 'snd_hda_intel', group: '14' });
  const document = validJson<{ siblings: unknown[]; units: string[] }>(
    t,
    'show',
    (await run('show', 'vfio0', '--json')).out,
  );
  t.is(document.siblings.length, 1);
  t.deepEqual(document.units, ['dev-vfio-pci-0000:01:00.0.device']);
  for (const name of ['vfio1', 'vfio2', 'vfio3'])
    validJson(t, 'show', (await run('show', name, '--json')).out);
});

test('show says who bound a device, and what the policy wants of a device without a VFIO driver', async (t) => {
  const root = fakeRoot(t);
  const attributes = { driver_override: 'vfio-pci' };
  root.add({ name: '0000:00:05.0', sysname: 'vfio0', driver: 'vfio-pci', attributes, emptyNode: true });
  root.add({ name: '0000:00:06.0', driver: 'nvme', attributes: { driver_override: '(null)' } });
  root.write('/sys/bus/pci/drivers/nvme/module/initstate', 'live\n');
  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:00:0*" }\n');
  const show = (name: string, ...args: string[]) => runCli(['show', name, ...args, '--root', root.dir]);
  t.regex((await show('00:05.0')).out, /^ {2}Bound by +\[\[bind\]\] at \S+site\.toml:1$/m);
  t.is(JSON.parse((await show('00:05.0', '--json')).out).boundBy, 'policy');
  t.deepEqual((await show('00:06.0')).err, [
    'vfio-names: 0000:00:06.0 is bound to nvme, not to a VFIO driver; the policy wants it: 0000:00:06.0 should have vfio-pci, but nvme has it; reboot, so that it gets its driver first; or driverctl set-override 0000:00:06.0 vfio-pci takes it now',
  ]);
});
