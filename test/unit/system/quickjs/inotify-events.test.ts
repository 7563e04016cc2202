import test from 'ava';
import { parseEvents } from '../../../../src/system/quickjs/inotify-events.ts';

/** An inotify_event of a little-endian machine; the name is padded with zeros to a multiple of 16. */
function event(watch: number, mask: number, name: string): Buffer {
  const padded = Buffer.alloc(name === '' ? 0 : Math.ceil((Buffer.byteLength(name) + 1) / 16) * 16);
  padded.write(name);
  const head = Buffer.alloc(16);
  head.writeInt32LE(watch, 0);
  head.writeUInt32LE(mask, 4);
  head.writeUInt32LE(padded.length, 12);
  return Buffer.concat([head, padded]);
}

test('parseEvents returns all events of one read', (t) => {
  const bytes = Buffer.concat([
    event(1, 0x100, 'vfio0'),
    event(-1, 0x4000, ''),
    event(2, 0x40000200, 'pci'.repeat(9)),
  ]);
  t.deepEqual(parseEvents(bytes), [
    { watch: 1, mask: 0x100, name: 'vfio0' },
    { watch: -1, mask: 0x4000, name: '' },
    { watch: 2, mask: 0x40000200, name: 'pci'.repeat(9) },
  ]);
});

test('parseEvents ignores the rest of an incomplete event', (t) => {
  t.deepEqual(parseEvents(event(1, 2, 'a').subarray(0, 15)), []);
});
