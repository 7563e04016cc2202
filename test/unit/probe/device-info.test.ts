import test from 'ava';
import fc from 'fast-check';
import { decodeCapabilities, decodeIrq, decodeRegion, setFlagNames } from '../../../src/probe/device-info.ts';
import { encode, structs } from '../../../src/probe/layout.ts';

test('setFlagNames returns the names of set bits, and bitN for a bit without a name', (t) => {
  t.deepEqual(setFlagNames(['read', 'write', 'mmap'], 0b1011), ['read', 'write', 'bit3']);
  t.deepEqual(setFlagNames([], 0x8000_0000), ['bit31']);
  t.deepEqual(setFlagNames(['read'], 0), []);
});

test('decodeRegion names the regions of PCI devices only', (t) => {
  const bytes = encode(structs.vfio_region_info, { flags: 3, index: 7, size: 0x1000 });
  const region = { index: 7, size: 0x1000, flags: ['read', 'write'], capabilities: [] };
  t.deepEqual(decodeRegion(bytes, true), { ...region, region: 'config' });
  t.deepEqual(decodeRegion(bytes, false), region);
});

test('decodeRegion returns no name for an index beyond the PCI regions', (t) => {
  t.is(decodeRegion(encode(structs.vfio_region_info, { index: 9 }), true).region, undefined);
});

test('decodeIrq returns name, count and flags', (t) => {
  const bytes = encode(structs.vfio_irq_info, { flags: 0x9, index: 2, count: 5 });
  t.deepEqual(decodeIrq(bytes, true), { index: 2, irq: 'msix', count: 5, flags: ['eventfd', 'noresize'] });
  t.deepEqual(decodeIrq(bytes, false), { index: 2, count: 5, flags: ['eventfd', 'noresize'] });
});

/** The bytes of a region with capabilities from offset 32 on. */
function chain(...capabilities: { id: number; next: number; body?: Buffer }[]): Buffer {
  const encoded = capabilities.map(({ id, next, body }) =>
    Buffer.concat([encode(structs.vfio_info_cap_header, { id, version: 1, next }), body ?? Buffer.alloc(0)]),
  );
  return Buffer.concat([encode(structs.vfio_region_info, { flags: 8, cap_offset: 32 }), ...encoded]);
}

const twoU32 = (a: number, b: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(a, 0);
  bytes.writeUInt32LE(b, 4);
  return bytes;
};

test('decodeRegion returns all capabilities of the chain', (t) => {
  const bytes = chain(
    { id: 2, next: 48, body: twoU32(0x8000_8086, 1) },
    { id: 3, next: 56 },
    { id: 77, next: 0 },
  );
  t.deepEqual(decodeRegion(bytes, true).capabilities, [
    { capabilityId: 2, capabilityVersion: 1, capability: 'type', type: 0x8000_8086, subtype: 1 },
    { capabilityId: 3, capabilityVersion: 1, capability: 'msix-mappable' },
    { capabilityId: 77, capabilityVersion: 1 },
  ]);
});

test('decodeCapabilities skips sparse-mmap areas beyond the end of the buffer', (t) => {
  const area = Buffer.alloc(16);
  area.writeBigUInt64LE(0x1000n, 0);
  area.writeBigUInt64LE(0x2000n, 8);
  const bytes = chain({ id: 1, next: 0, body: Buffer.concat([twoU32(9, 0), area]) });
  t.deepEqual(decodeCapabilities(bytes, 32), [
    {
      capabilityId: 1,
      capabilityVersion: 1,
      capability: 'sparse-mmap',
      areas: [{ offset: 0x1000, size: 0x2000 }],
    },
  ]);
});

test('decodeCapabilities returns only the name of a truncated capability', (t) => {
  t.deepEqual(decodeCapabilities(chain({ id: 1, next: 0 }), 32), [
    { capabilityId: 1, capabilityVersion: 1, capability: 'sparse-mmap' },
  ]);
  t.deepEqual(decodeCapabilities(chain({ id: 2, next: 0 }), 32), [
    { capabilityId: 2, capabilityVersion: 1, capability: 'type' },
  ]);
});

test('decodeCapabilities stops at a loop in the chain', (t) => {
  t.is(decodeCapabilities(chain({ id: 3, next: 40 }, { id: 3, next: 32 }), 32).length, 2);
});

test('decodeRegion terminates and does not throw on arbitrary bytes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 120 }), fc.nat(130), (noise, offset) => {
      const bytes = Buffer.from(noise);
      bytes.writeUInt32LE(offset, 12);
      t.true(decodeRegion(bytes, true).capabilities.length <= bytes.length);
    }),
    { numRuns: 200 },
  );
});
