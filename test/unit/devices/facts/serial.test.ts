import test from 'ava';
import fc from 'fast-check';
import { isSharedSerial, parseSerial } from '../../../../src/devices/facts/serial.ts';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

/** Builds a configuration space; each capability has an offset, an ID, the next offset, and the two words of a serial number. */
function space(
  ...capabilities: readonly (readonly [at: number, id: number, next: number, low?: number, high?: number])[]
) {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  for (const [at, id, next, low = 0, high = 0] of capabilities) {
    view.setUint32(at, (id | (1 << 16) | (next << 20)) >>> 0, true);
    view.setUint32(at + 4, low, true);
    view.setUint32(at + 8, high, true);
  }
  return bytes;
}

test('parseSerial follows the capability list and prints the highest byte first', (t) => {
  const bytes = space([0x100, 1, 0x140], [0x140, 3, 0, 0xff123456, 0xa0369fff]);
  t.is(parseSerial(bytes), 'a0-36-9f-ff-ff-12-34-56');
});

test('parseSerial ignores the two lowest bits of a capability offset', (t) => {
  const bytes = space([0x100, 1, 0x143], [0x140, 3, 0, 0xff123456, 0xa0369fff]);
  t.is(parseSerial(bytes), 'a0-36-9f-ff-ff-12-34-56');
});

test('parseSerial returns undefined for a device without a serial number', (t) => {
  t.is(parseSerial(new Uint8Array(64)), undefined);
  t.is(parseSerial(new Uint8Array(0)), undefined);
  t.is(parseSerial(new Uint8Array(4096)), undefined);
  t.is(parseSerial(new Uint8Array(4096).fill(0xff)), undefined);
  t.is(parseSerial(space([0x100, 1, 0])), undefined);
  t.is(parseSerial(space([0x100, 1, 0xffc], [0xff0, 0, 0]).fill(3, 0xffc, 0xffd)), undefined);
});

for (const serial of [
  '00-00-00-00-00-00-00-00',
  'ff-ff-ff-ff-ff-ff-ff-ff',
  '01-00-00-00-68-4c-e0-00',
  '6c-06-00-00-68-4c-e0-00',
  '01-00-00-00-36-4c-e0-00',
  '00-00-00-01-00-4c-e0-00',
  '00-00-00-00-00-00-00-01',
  '01-00-00-00-00-00-00-00',
  '12-34-56-78-12-34-56-78',
  '12-34-56-78-90-00-00-00',
  '00-00-00-00-12-34-56-78',
  '00-15-17-ff-ff-24-14-12',
])
  test(`a device has no serial number if it is ${serial}, which many cards have`, (t) => {
    const [high, low] = [serial.slice(0, 11), serial.slice(12)];
    const word = (text = '') => Number.parseInt(text.replaceAll('-', ''), 16);
    t.is(parseSerial(space([0x100, 3, 0, word(low), word(high)])), serial);
    t.true(isSharedSerial(serial));
  });

test('a serial number that begins like a shared one is a serial number', (t) => {
  for (const [low, high] of [
    [0x684ce001, 0x01000000],
    [0x12345679, 0x12345678],
    [0x00000100, 0x00000000],
  ] as const)
    t.false(isSharedSerial(parseSerial(space([0x100, 3, 0, low, high])) ?? ''));
});

test('parseSerial terminates on cyclic and invalid capability lists', (t) => {
  t.is(parseSerial(space([0x100, 1, 0x100])), undefined);
  t.is(parseSerial(space([0x100, 1, 0x200], [0x200, 1, 0x100])), undefined);
  t.is(parseSerial(space([0x100, 1, 0x0fc], [0x0fc, 3, 0, 1, 1])), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4200 }), (bytes) => {
      const serial = parseSerial(bytes);
      return serial === undefined || /^([0-9a-f]{2}-){7}[0-9a-f]{2}$/.test(serial);
    }),
    { numRuns: 200 },
  );
});

test('readSerial reads the serial number from the configuration space', (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  t.is(readFact(fakeFiles, root.dir, device, 'serial'), undefined);
  root.write(`${device.syspath}/config`, space([0x100, 3, 0, 0xff123456, 0xa0369fff]));
  t.is(readFact(fakeFiles, root.dir, device, 'serial'), 'a0-36-9f-ff-ff-12-34-56');
  const platform = root.add({ bus: 'platform', name: 'lpss.0', sysname: 'vfio1' });
  t.is(readFact(fakeFiles, root.dir, platform, 'serial'), undefined);
});
