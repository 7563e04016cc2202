import test from 'ava';
import {
  fitsLooseAddress,
  isPciAddress,
  parseLoosePciAddress,
  parsePciAddress,
  pciAddressOf,
  routingId,
} from '../../../src/devices/pci.ts';

test('pciAddressOf parses an address on bus pci only', (t) => {
  t.deepEqual(parsePciAddress('10000:e1:00.7'), { domain: '10000', bus: 'e1', device: '00', function: '7' });
  for (const name of ['01:00.0', '0000:01:00.8', '0000:01:00', 'lpss.0', ''])
    t.is(parsePciAddress(name), undefined);
  const device = { bus: 'platform', name: '0000:01:00.0', sysname: 'vfio0', syspath: '/sys/devices/x' };
  t.is(pciAddressOf(device), undefined);
  t.is(pciAddressOf({ ...device, bus: 'pci' })?.bus, '01');
  t.is(routingId({ domain: '0000', bus: '01', device: '1f', function: '7' }), 0x1ff);
});

test("isPciAddress accepts only the kernel's notation", (t) => {
  t.true(isPciAddress('0000:01:00.0'));
  t.true(isPciAddress('10000:e1:00.7'));
  for (const text of [
    '01:00.0',
    '0000:01:00.8',
    '0000:01:00',
    '0000:0A:00.0',
    '0000:01:00.0\n',
    'x0000:01:00.0',
  ])
    t.false(isPciAddress(text));
});

test('parseLoosePciAddress accepts missing parts and zeros in any letter case', (t) => {
  t.deepEqual(parseLoosePciAddress('0A:1f.7'), { bus: 10, device: 31, function: 7 });
  t.deepEqual(parseLoosePciAddress('00000001:a:0.0'), { domain: 1, bus: 10, device: 0, function: 0 });
  t.deepEqual(parseLoosePciAddress('0001:0a:00'), { domain: 1, bus: 10, device: 0 });
  for (const text of ['', '01', '1:0', '10:10', '01:20.0', '01:00.8', '100:00.0', '01:00.0x', '0.0.0313'])
    t.is(parseLoosePciAddress(text), undefined, text);
});

test('an address as people write it fits the devices with the same parts', (t) => {
  const fits = (text: string, name: string): boolean => {
    const loose = parseLoosePciAddress(text);
    return loose !== undefined && fitsLooseAddress(loose, name);
  };
  const name = '0001:0a:1f.7';
  for (const text of [name, 'a:1f.7', '0A:1F.7', '00000001:0a:1f.7', '0a:1f', '0001:0A:1f'])
    t.true(fits(text, name), text);
  for (const text of ['0a:1f.6', 'b:1f.7', 'a:1e.7', '0000:0a:1f.7', '0a:1e', '0b:1f', '0000:0a:1f'])
    t.false(fits(text, name), text);
  t.true(fits('0:0.0', '0000:00:00.0'));
  for (const other of ['a:1f.7', '0a:1f', 'lpss.0', '']) t.false(fits('0a:1f.7', other), other);
});

test('two numbers that have no leading zeros are a device number, not an address', (t) => {
  t.is(parseLoosePciAddress('10:11'), undefined);
  t.deepEqual(parseLoosePciAddress('10:01'), { bus: 16, device: 1 });
  t.deepEqual(parseLoosePciAddress('0000:10:11'), { domain: 0, bus: 16, device: 17 });
  t.deepEqual(parseLoosePciAddress('10:1f'), { bus: 16, device: 31 });
});
