import test from 'ava';
import fc from 'fast-check';
import { decode, encode } from '../../src/probe/bytes.ts';
import { structs } from '../../src/probe/layout.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff }).map(BigInt);
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

test('decode returns the values that encode wrote', (t) => {
  const info = structs.vfio_region_info;
  fc.assert(
    fc.property(
      fc.record({ argsz: u32, flags: u32, index: u32, cap_offset: u32, size: u64, offset: u64 }),
      (values) => {
        t.deepEqual(decode(info, encode(info, values)), values);
      },
    ),
    { numRuns: 50 },
  );
});

test('encode zeroes omitted fields and writes a negative descriptor as 32 bits', (t) => {
  const bytes = encode(structs.vfio_device_bind_iommufd, { argsz: 24, iommufd: -1 });
  t.is(bytes.toString('hex'), '1800000000000000ffffffff000000000000000000000000');
});

test('encode accepts a size larger or smaller than the struct', (t) => {
  t.is(encode(structs.vfio_irq_info, { index: 3 }, 32).length, 32);
  t.is(encode(structs.vfio_device_bind_iommufd, { argsz: 16 }, 16).length, 16);
});

test('encode rejects a field beyond the size and an unknown field name', (t) => {
  t.throws(() => encode(structs.vfio_device_bind_iommufd, { token_uuid_ptr: 1 }, 16), {
    instanceOf: RangeError,
  });
  t.throws(() => encode(structs.vfio_irq_info, { nonsense: 1 } as object), { instanceOf: RangeError });
});

test('decode rejects an offset at which the struct does not fit', (t) => {
  t.throws(() => decode(structs.vfio_irq_info, Buffer.alloc(15)), { instanceOf: RangeError });
  t.throws(() => decode(structs.vfio_irq_info, Buffer.alloc(32), 17), { instanceOf: RangeError });
  t.throws(() => decode(structs.vfio_irq_info, Buffer.alloc(32), -1), { instanceOf: RangeError });
});
