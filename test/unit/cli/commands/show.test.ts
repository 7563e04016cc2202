import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { validJson } from '../../../support/schema.ts';
import { sample } from '../sample.ts';

test('show prints a line for every fact, the link, its systemd unit and its state', async (t) => {
  const { run } = sample(t);
  const { status, out } = await run('show', '0000:01:00.0');
  t.is(status, 0);
  for (const line of [
    /^bus +pci$/m,
    /^name +0000:01:00\.0$/m,
    /^node +vfio0$/m,
    /^devnum +247:0$/m,
    /^cdev +yes$/m,
    /^driver +vfio-pci$/m,
    /^groupNode +\/dev\/vfio\/14$/m,
    /^vendor +0x10de$/m,
    /^link +\/dev\/vfio\/pci\/0000:01:00\.0$/m,
    /^unit +dev-vfio-pci-0000:01:00\.0\.device$/m,
    /^state +link missing$/m,
  ])
    t.regex(out, line);
});

test('show prints why a device has no node', async (t) => {
  const { run } = sample(t);
  const { status, out } = await run('show', '03:00.0');
  t.is(status, 0);
  t.regex(out, /^noCdevReason +this kernel gives the device no node/m);
  t.notRegex(out, /^(link|unit) /m);
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
  t.regex((await show('00:05.0')).out, /^boundBy +\[\[bind\]\] at \S+site\.toml:1$/m);
  t.is(JSON.parse((await show('00:05.0', '--json')).out).boundBy, 'policy');
  t.deepEqual((await show('00:06.0')).err, [
    'vfio-names: 0000:00:06.0 is bound to nvme, not to a VFIO driver; the policy wants it: 0000:00:06.0 should have vfio-pci, but nvme has it; reboot, so that it gets its driver first; or driverctl set-override 0000:00:06.0 vfio-pci takes it now',
  ]);
});
