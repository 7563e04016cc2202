import { readFileSync } from 'node:fs';
import test from 'ava';
import { applyBind, modprobe } from '../../../src/bind/apply.ts';
import { findWantedDevices, findWantedPfs } from '../../../src/bind/devices.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { RUN_LIMIT } from '../../../src/system/programs.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError } from '../../support/hooked-files.ts';
import { bindPolicy } from '../../support/policies.ts';

const free = { driver_override: '(null)', class: '0x020000' };

/** The files of a machine whose kernel binds at a write to drivers_probe, and the writes in order. */
function kernel(root: FakeRoot, writes: string[]): SystemFiles {
  return {
    ...fakeFiles,
    writeAttribute: (path, text) => {
      const name = path.slice(root.dir.length);
      writes.push(`${name.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')} ${text}`);
      if (!name.endsWith('/drivers_probe')) return root.write(name, `${text}\n`);
      const syspath = `/sys/devices/pci0000:00/${text}`;
      const driver = fakeFiles.read(root.at(`${syspath}/driver_override`)).trim();
      if (fakeFiles.readdir(root.at('/sys/bus/pci/drivers')).includes(driver))
        root.replaceLink(`${syspath}/driver`, `/sys/bus/pci/drivers/${driver}`);
    },
  };
}

function run(root: FakeRoot, files: SystemFiles, load?: (driver: string) => void) {
  const policy = bindPolicy({ name: '0000:00:*' }, { pf: '0000:00:09.0' });
  const devices = findWantedDevices(files, root.dir, policy, []);
  return applyBind(files, root.dir, devices, findWantedPfs(files, root.dir, policy), load);
}

test('applyBind sets every override before it loads the driver, and then has the kernel look for drivers', (t) => {
  const root = fakeRoot(t);
  for (const name of ['0000:00:01.0', '0000:00:02.0']) root.add({ name, attributes: free });
  root.add({ name: '0000:00:03.0', attributes: free, driver: 'e1000e' });
  root.add({ name: '0000:00:09.0', attributes: { ...free, sriov_drivers_autoprobe: '1' }, driver: 'igb' });
  const writes: string[] = [];
  const { results, pfs, problems } = run(
    root,
    kernel(root, writes),
    modprobe((program, args) => {
      writes.push([program, ...args].join(' '));
      root.write('/sys/bus/pci/drivers/vfio-pci/bind', '');
    }),
  );
  t.deepEqual(writes, [
    '0000:00:09.0/sriov_drivers_autoprobe 0',
    '0000:00:01.0/driver_override vfio-pci',
    '0000:00:02.0/driver_override vfio-pci',
    'modprobe -b -- vfio-pci',
    'pci/drivers_probe 0000:00:01.0',
    'pci/drivers_probe 0000:00:02.0',
  ]);
  t.deepEqual(
    results.map(({ device, changed, problem }) => [device.name, changed, problem]),
    [
      ['0000:00:01.0', true, undefined],
      ['0000:00:02.0', true, undefined],
      ['0000:00:03.0', false, undefined],
      ['0000:00:09.0', false, undefined],
    ],
  );
  t.deepEqual([pfs.length, problems], [1, []]);
  writes.length = 0;
  t.deepEqual(run(root, kernel(root, writes)).problems, []);
  t.deepEqual(writes, []);
});

test('applyBind continues after a device that cannot be changed, and reports it', (t) => {
  const root = fakeRoot(t);
  for (const name of ['0000:00:01.0', '0000:00:02.0']) root.add({ name, attributes: free });
  root.write('/sys/bus/pci/drivers/vfio-pci/bind', '');
  const files = kernel(root, []);
  const failing: SystemFiles = {
    ...files,
    writeAttribute: (path, text) => {
      if (path.includes('0000:00:01.0/')) throw errnoError('EACCES');
      files.writeAttribute(path, text);
    },
  };
  const loaded: string[] = [];
  const [first, second] = run(root, failing, (driver) => loaded.push(driver)).results;
  t.deepEqual(loaded, [], 'the kernel has the driver already');
  t.deepEqual([first?.errno, first?.changed], ['EACCES', false]);
  t.true(second?.changed);
});

test('applyBind takes its override back if a driver was faster', (t) => {
  const root = fakeRoot(t);
  const { syspath } = root.add({ name: '0000:00:01.0', attributes: free });
  const writes: string[] = [];
  const files = kernel(root, writes);
  const racing: SystemFiles = {
    ...files,
    writeAttribute: (path, text) => {
      files.writeAttribute(path, text);
      root.replaceLink(`${syspath}/driver`, '/sys/bus/pci/drivers/e1000e');
    },
  };
  const { results } = run(root, racing);
  t.is(results[0]?.problem, 'e1000e took it meanwhile');
  t.deepEqual(writes, ['0000:00:01.0/driver_override vfio-pci', '0000:00:01.0/driver_override \n']);
});

test('applyBind reports a driver that does not exist or cannot be loaded, and the device without one', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:01.0', attributes: free });
  root.write('/sys/bus/pci/drivers/e1000e/bind', '');
  const failing = () => {
    throw Object.assign(new Error(), { status: 1 });
  };
  const { problems, results } = run(root, kernel(root, []), failing);
  t.deepEqual(problems, ['modprobe vfio-pci failed: status 1']);
  t.is(results[0]?.problem, 'vfio-pci did not take it');
  t.regex(run(root, kernel(root, [])).problems[0] ?? '', /no module can be loaded from here/);
});

test('the service may take longer than one modprobe, so that the program can report a module that hangs', (t) => {
  const unit = readFileSync(
    new URL('../../../packaging/systemd/vfio-names-bind.service', import.meta.url),
    'utf8',
  );
  t.true(Number(/^TimeoutStartSec=(\d+)s$/m.exec(unit)?.[1]) * 1000 > RUN_LIMIT);
});
