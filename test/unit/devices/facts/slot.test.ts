import test from 'ava';
import { slotContains } from '../../../../src/devices/facts/slot.ts';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('readSlot returns the slot with the address of the device', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.1', sysname: 'vfio0' });
  const slot = () => readFact(fakeFiles, root.dir, device, 'slot');
  t.is(slot(), undefined);
  root.write('/sys/bus/pci/slots/7/address', '0000:02:00\n');
  root.write('/sys/bus/pci/slots/10/address', '0000:01:00\n');
  root.write('/sys/bus/pci/slots/9-1/address', '0000:01:00\n');
  t.is(slot(), '9-1');
  const platform = root.add({ bus: 'platform', name: 'lpss.0', sysname: 'vfio1' });
  t.is(readFact(fakeFiles, root.dir, platform, 'slot'), undefined);
});

test('slotContains accepts a slot that is a whole bus', (t) => {
  const address = { domain: '0000', bus: '01', device: '02', function: '0' };
  t.true(slotContains('0000:01\n', address));
  t.true(slotContains('0000:01:02\n', address));
  t.false(slotContains('0000:01:03\n', address));
  t.false(slotContains('', address));
});
