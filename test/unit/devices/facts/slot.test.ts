import * as fs from 'node:fs';
import test from 'ava';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('readSlot returns the slot with the address of the device', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.1', sysname: 'vfio0' });
  const slot = async () => readFact(fakeFiles, root.dir, device, 'slot');
  t.is(await slot(), undefined);
  root.write('/sys/bus/pci/slots/7/address', '0000:02:00\n');
  root.write('/sys/bus/pci/slots/10/address', '0000:01:00\n');
  root.write('/sys/bus/pci/slots/9-1/address', '0000:01:00\n');
  t.is(await slot(), '9-1');
  const platform = root.add({ bus: 'platform', name: 'lpss.0', sysname: 'vfio1' });
  t.is(readFact(fakeFiles, root.dir, platform, 'slot'), undefined);
});

test('readSlot accepts a slot that is a whole bus', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:02.0', sysname: 'vfio0' });
  const slot = async () => readFact(fakeFiles, root.dir, device, 'slot');
  root.write('/sys/bus/pci/slots/3/address', '0000:01:03\n');
  root.write('/sys/bus/pci/slots/4/address', '\n');
  t.is(await slot(), undefined);
  root.write('/sys/bus/pci/slots/8/address', '0000:01:02\n');
  t.is(await slot(), '8');
  root.write('/sys/bus/pci/slots/2/address', '0000:01\n');
  t.is(await slot(), '2');
});

test('readSlot ignores a slot that cannot be read', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.write('/sys/bus/pci/slots/2/address', '0000:01:00\n');
  fs.mkdirSync(root.at('/sys/bus/pci/slots/1/address'), { recursive: true });
  t.is(readFact(fakeFiles, root.dir, device, 'slot'), '2');
});

test('readSlot reads each slot once for all devices', (t) => {
  const root = fakeRoot(t);
  const devices = [0, 1, 2].map((number) =>
    root.add({ name: `0000:01:00.${number}`, sysname: `vfio${number}` }),
  );
  root.write('/sys/bus/pci/slots/1/address', '0000:01:00\n');
  const read: string[] = [];
  const files = {
    ...fakeFiles,
    read: (path: string, limit?: number) => {
      read.push(path);
      return fakeFiles.read(path, limit);
    },
  };
  t.deepEqual(
    devices.map((device) => readFact(files, root.dir, device, 'slot')),
    ['1', '1', '1'],
  );
  t.is(read.length, 1);
});
