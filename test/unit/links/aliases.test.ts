import test from 'ava';
import { VfioNamesError } from '../../../src/errors.ts';
import { aliasProblems } from '../../../src/links/aliases.ts';
import { findByNameOrPath } from '../../../src/links/find.ts';
import { type Machine, observe } from '../../../src/links/observe.ts';
import { buildPolicy } from '../../../src/policy/build.ts';
import { policyAliases } from '../../../src/policy/links.ts';
import { bindPolicyNames } from '../../../src/policy/load.ts';
import { runCli } from '../../support/cli.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';

function machineWith(root: FakeRoot, text: string): Machine {
  const { policy, errors } = buildPolicy([{ file: 'a.toml', text }]);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  const policyNames = bindPolicyNames(fakeFiles, root.dir, policy);
  return {
    files: fakeFiles,
    root: root.dir,
    aliases: policyAliases(policy),
    ...(policyNames && { policyNames }),
  };
}

test('an alias that fits no device or several is reported, one that fits one is not', (t) => {
  const root = fakeRoot(t);
  for (const [index, name] of ['0000:01:00.0', '0001:01:00.0', '0001:02:00.0'].entries())
    root.add({ name, sysname: `vfio${index}` });
  const machine = machineWith(
    root,
    '[names.by-alias]\none = { name = "02:00.0" }\ntwo = { name = "01:00.0" }\nnone = { name = "00000003:01:00.0" }\nall = { bus = "pci" }\nnv = { vendor = ["10de", "1002"] }\n',
  );
  t.deepEqual(aliasProblems(machine, observe(machine)), [
    'by-alias/all (a.toml:5) fits 3 devices, and one of them gets it: 0000:01:00.0, 0001:01:00.0, 0001:02:00.0',
    'by-alias/none (a.toml:4) fits no device: expected 0003:01:00.0 bound to VFIO',
    'by-alias/nv (a.toml:6) fits no device: expected a device with vendor 0x1002 or 0x10de bound to VFIO',
    'by-alias/two (a.toml:3) fits 2 devices, and one of them gets it: 0000:01:00.0, 0001:01:00.0',
  ]);
});

test('an alias fits a device whose group alone has a node', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false, driver: 'vfio-pci', group: '14' });
  root.addGroup('14');
  root.write('/etc/vfio-names/a.toml', '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\n');
  t.deepEqual((await runCli(['sync', '--root', root.dir])).err, []);
  t.is(root.links()['groups/by-alias/gpu'], '../../14');
});

test('many aliases without a device are reported in a few lines', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const entries = Array.from({ length: 500 }, (_, index) => `a${index} = { name = "0000:02:00.0" }\n`);
  const machine = machineWith(root, `[names.by-alias]\n${entries.join('')}`);
  const lines = aliasProblems(machine, observe(machine));
  t.is(lines.length, 11);
  t.regex(lines[10] ?? '', /^490 more aliases/);
});

test('no alias is reported on a machine without VFIO devices', (t) => {
  const root = fakeRoot(t);
  const machine = machineWith(root, '[names.by-alias]\na = { name = "0000:02:00.0" }\n');
  t.deepEqual(aliasProblems(machine, observe(machine)), []);
});

test('an alias whose device is not bound to VFIO is reported with its device, file and line', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:03:00.0', driver: 'nvme' });
  const machine = machineWith(
    root,
    '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\nssd = { name = "03:00.0" }\nnic = { name = "0000:02:00.0" }\n',
  );
  const errorOf = (name: string): readonly [number, string] => {
    const error = t.throws(() => findByNameOrPath(machine, observe(machine), name), {
      instanceOf: VfioNamesError,
    });
    return [error?.status ?? 0, error ? errorLine(error) : ''];
  };
  for (const name of ['by-alias/gpu', '/dev/vfio/by-alias/gpu', 'gpu'])
    t.deepEqual(errorOf(name), [
      3,
      'by-alias/gpu is for 0000:01:00.0 (a.toml:2), which is not bound to VFIO; vfio-names list shows the devices that are',
    ]);
  t.regex(
    errorOf('by-alias/ssd')[1],
    /^by-alias\/ssd is for 03:00\.0 \(a\.toml:3\), but 0000:03:00\.0 is bound to nvme/,
  );
  t.is(findByNameOrPath(machine, observe(machine), 'by-alias/nic').name, '0000:02:00.0');
});

test('sync, verify and doctor report an alias that fits no device, and the exit status stays', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0001:01:00.0', sysname: 'vfio0' });
  root.write(
    '/etc/vfio-names/a.toml',
    '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\nnic = { name = "01:00.0" }\n',
  );
  const line = /by-alias\/gpu \(.*a\.toml:2\) fits no device: expected 0000:01:00\.0 bound to VFIO/;
  const sync = await runCli(['sync', '--root', root.dir]);
  t.is(sync.status, 0);
  t.is(sync.err.length, 1);
  t.regex(sync.err[0] ?? '', line);
  t.is(root.links()['by-alias/nic'], '../devices/vfio0');
  const verify = await runCli(['verify', '--root', root.dir]);
  t.is(verify.err.filter((text) => line.test(text)).length, 1);
  t.regex((await runCli(['doctor', '--root', root.dir])).out, line);
  const check = await runCli(['config', 'check', '--root', root.dir]);
  t.is(check.status, 0);
  t.regex(check.err.join('\n'), /note: .*a\.toml:2: names\.by-alias\.gpu: fits no device here/);
});

test('sync, verify and doctor report a serial number that many cards have', async (t) => {
  const root = fakeRoot(t);
  const { syspath } = root.add({ name: '0000:03:00.0', sysname: 'vfio0' });
  const config = new Uint8Array(4096);
  new DataView(config.buffer).setUint32(0x100, 0x00010003, true);
  config.set([0x00, 0xe0, 0x4c, 0x68, 0x00, 0x00, 0x00, 0x01], 0x104);
  root.write(`${syspath}/config`, config);
  root.write('/etc/vfio-names/a.toml', '[names]\nby-serial = true\n');
  const line =
    'by-serial gives no name to 0000:03:00.0: many cards have the serial number 01-00-00-00-68-4c-e0-00';
  const sync = await runCli(['sync', '--root', root.dir]);
  t.deepEqual([sync.status, sync.err], [0, [`vfio-names: ${line}`]]);
  t.true((await runCli(['verify', '--root', root.dir])).err.includes(`vfio-names: ${line}`));
  t.true((await runCli(['doctor', '--root', root.dir])).out.includes(line));
  t.deepEqual(Object.keys(root.links()), ['pci/0000:03:00.0']);
});
