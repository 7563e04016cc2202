import { readFileSync, unlinkSync } from 'node:fs';
import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { errnoError } from '../../../support/hooked-files.ts';
import { validJson } from '../../../support/schema.ts';

const free = { driver_override: '(null)', class: '0x020000' };

/** 0000:00:05.0 has no driver, 0000:00:06.0 has e1000e, a module, and 0000:00:07.0 vfio-pci. */
function machine(root: FakeRoot, policy = '[[bind]]\nmatch = { name = "0000:00:0[567].0" }\n'): void {
  root.add({ name: '0000:00:05.0', attributes: free });
  root.add({ name: '0000:00:06.0', attributes: free, driver: 'e1000e' });
  root.add({ name: '0000:00:07.0', attributes: free, driver: 'vfio-pci' });
  root.write('/sys/bus/pci/drivers/e1000e/module/initstate', 'live\n');
  root.write('/sys/bus/pci/drivers_probe', '');
  root.write('/etc/vfio-names/site.toml', policy);
}

const held =
  'vfio-names: 0000:00:06.0 should have vfio-pci, but e1000e has it; reboot, so that it gets its driver first; or driverctl set-override 0000:00:06.0 vfio-pci takes it now';

test('bind --dry-run says how each device stands, and exits with status 6 if there is something to do', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const { status, out, err } = await runCli(['bind', '--dry-run', '--root', root.dir]);
  t.is(status, 6);
  t.is(
    out,
    '0000:00:05.0 has no driver, and should have vfio-pci; vfio-names bind gives it to the driver\n0000:00:07.0 has vfio-pci\n',
  );
  t.deepEqual(err, [held]);
  const json = await runCli(['bind', '--dry-run', '--json', '--root', root.dir]);
  const { devices } = validJson(t, 'bind', json.out) as { devices: { bindState: string }[] };
  t.deepEqual(
    devices.map(({ bindState }) => bindState),
    ['unbound', 'held', 'bound'],
  );
  t.is(readFileSync(root.at('/sys/bus/pci/devices/0000:00:05.0/driver_override'), 'utf8'), '(null)\n');
});

test('bind advises nothing that takes a device from its driver while the host uses the device', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const device = '/sys/bus/pci/devices/0000:00:06.0';
  root.write('/sys/devices/pci0000:00/0000:00:06.0/net/eth0/flags', '0x1003\n');
  root.linkTo('/sys/class/net/eth0', '/sys/devices/pci0000:00/0000:00:06.0/net/eth0');
  const { err } = await runCli(['bind', '--dry-run', '--root', root.dir]);
  t.deepEqual(err, [
    'vfio-names: 0000:00:06.0 should have vfio-pci, but e1000e has it; its network interface eth0 is up; exclude it from the match of [[bind]], if the host needs it, and run vfio-names rules install',
  ]);
  root.write(`${device}/net/eth0/flags`, '0x1002\n');
  t.deepEqual((await runCli(['bind', '--dry-run', '--root', root.dir])).err, [held]);
});

test('bind sets the override of a device without a driver, below --host-root but not below --root', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const refused = await runCli(['bind', '--root', root.dir]);
  t.is(refused.status, 2);
  t.regex(
    refused.err[0] ?? '',
    /expected this machine's own tree, found --root .*; add --dry-run, or use --host-root/,
  );
  const override = root.at('/sys/bus/pci/devices/0000:00:05.0/driver_override');
  t.is(readFileSync(override, 'utf8'), '(null)\n');
  const { status, err } = await runCli(['bind', '--host-root', root.dir]);
  // No kernel takes the device here.
  t.is(status, 1);
  t.deepEqual(err, ['vfio-names: 0000:00:05.0 should have vfio-pci: vfio-pci did not take it', held]);
  // The file of a test is not cut, as a write to sysfs is not.
  t.regex(readFileSync(override, 'utf8'), /^vfio-pci/);
  t.is(readFileSync(root.at('/sys/bus/pci/drivers_probe'), 'utf8'), '0000:00:05.0');
  t.is(readFileSync(root.at('/sys/bus/pci/devices/0000:00:06.0/driver_override'), 'utf8'), '(null)\n');
});

test('bind exits with status 4 if the kernel denies the change', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const files = {
    ...fakeFiles,
    writeAttribute: () => {
      throw errnoError('EACCES');
    },
  };
  const { status, err } = await runCli(['bind', '--host-root', root.dir], { files });
  t.is(status, 4);
  t.regex(err[0] ?? '', /could not set its driver_override: permission denied \(EACCES\)$/);
});

test('bind --installed refuses a policy whose rules are not installed', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const run = () => runCli(['bind', '--installed', '--dry-run', '--root', root.dir]);
  const missing = await run();
  t.is(missing.status, 1);
  t.regex(
    missing.err[0] ?? '',
    /expected installed rules for drivers, found none; run vfio-names rules install/,
  );
  t.is((await runCli(['rules', 'install', '--root', root.dir])).status, 0);
  t.true((await run()).out.includes('0000:00:05.0'));
  root.write('/proc/cmdline', 'quiet vfio_names.bind=0 ro\n');
  const off = await run();
  t.deepEqual([off.status, off.out], [0, '']);
  t.regex(off.err[0] ?? '', /vfio_names\.bind=0 on the command line/);
  root.write('/etc/vfio-names/broken.toml', '[[bind');
  t.deepEqual([(await run()).status, (await run()).err], [0, off.err]);
  unlinkSync(root.at('/etc/vfio-names/broken.toml'));
  for (const line of [
    'vfio-names.bind=0',
    'vfio_names.bind=1 "vfio_names.bind=0"',
    "x='a b' vfio_names.bind='0'",
  ]) {
    root.write('/proc/cmdline', `quiet ${line}\n`);
    t.is((await run()).out, '', line);
  }
  for (const line of ['x="ro vfio_names.bind=0"', 'vfio_names.bind=0 vfio_names.bind=1', 'vfio_names.bind']) {
    root.write('/proc/cmdline', `quiet ${line}\n`);
    t.true((await run()).out.includes('0000:00:05.0'), line);
  }
  root.write('/proc/cmdline', 'quiet ro\n');
  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:00:0*" }\n');
  const changed = await run();
  t.is(changed.status, 1);
  t.regex(changed.err[0] ?? '', /the policy has changed since its rules for drivers were installed; run/);
  root.write('/etc/vfio-names/site.toml', '[names]\nby-tag = true\n');
  t.regex((await run()).err[0] ?? '', /expected rules for drivers in the policy, found none/);
});

test('bind says that there is nothing to do without rules or devices', async (t) => {
  const root = fakeRoot(t);
  const run = () => runCli(['bind', '--host-root', root.dir]);
  t.deepEqual(await run(), { status: 0, out: 'the policy has no rules for drivers ([[bind]])\n', err: [] });
  machine(root, '[[bind]]\nmatch = { name = "0000:99:00.0" }\n');
  t.deepEqual(await run(), { status: 0, out: 'no device here matches a rule for drivers\n', err: [] });
});

test('bind --installed does nothing if an empty file disables the rules of an image', async (t) => {
  const root = fakeRoot(t);
  machine(root);
  const line = ['bind', '--installed', '--host-root', root.dir];
  root.write('/usr/lib/udev/rules.d/60-vfio-names-bind.rules', '# of the image\n');
  t.is((await runCli(line)).status, 1);
  root.write('/etc/udev/rules.d/60-vfio-names-bind.rules', '');
  const { status, err } = await runCli(line);
  t.is(status, 0);
  t.deepEqual(err, [
    'vfio-names: /etc/udev/rules.d/60-vfio-names-bind.rules disables the rules for drivers: no device gets a driver of the policy',
  ]);
  t.deepEqual(validJson(t, 'bind', (await runCli([...line, '--json'])).out)['devices'], []);
  t.is(readFileSync(root.at('/sys/bus/pci/devices/0000:00:05.0/driver_override'), 'utf8'), '(null)\n');
});
