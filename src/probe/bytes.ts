/** Encodes and decodes the structs of layout.ts. */
import type { Fields, Struct } from './layout.ts';

export type Values<F extends Fields> = { readonly [K in keyof F]: bigint };

/**
 * Returns a zeroed struct of `size` bytes (default: the size of the struct) with the given fields set. No
 * field is set implicitly, argsz included. Throws a RangeError for a field that lies outside `size`.
 */
export function encode<F extends Fields>(
  struct: Struct<F>,
  values: { readonly [K in keyof F]?: number | bigint },
  size: number = struct.size,
): Buffer {
  // Buffer.alloc does not use Buffer's shared pool: the kernel writes here, so the memory must not be shared.
  const bytes = Buffer.alloc(size);
  for (const [name, value] of Object.entries(values)) {
    const field = struct.fields[name];
    if (!field || field[0] + field[1] > size) throw new RangeError(`no field ${name} in ${size} bytes`);
    put(bytes, field, BigInt(value as number | bigint));
  }
  return bytes;
}

/**
 * Returns all fields of the struct at offset `at`. Throws a RangeError if the struct does not fit in `bytes`.
 */
export function decode<F extends Fields>(struct: Struct<F>, bytes: Buffer, at = 0): Values<F> {
  if (at < 0 || at + struct.size > bytes.length) throw new RangeError(`no ${struct.size} bytes at ${at}`);
  const entries = Object.entries(struct.fields).map(([name, [offset, size]]) => [
    name,
    get(bytes, at + offset, size),
  ]);
  return Object.fromEntries(entries) as Values<F>;
}

function put(bytes: Buffer, [offset, size]: readonly [number, 2 | 4 | 8], value: bigint): void {
  if (size === 2) bytes.writeUInt16LE(Number(BigInt.asUintN(16, value)), offset);
  else if (size === 4) bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)), offset);
  else bytes.writeBigUInt64LE(BigInt.asUintN(64, value), offset);
}

function get(bytes: Buffer, offset: number, size: 2 | 4 | 8): bigint {
  if (size === 2) return BigInt(bytes.readUInt16LE(offset));
  return size === 4 ? BigInt(bytes.readUInt32LE(offset)) : bytes.readBigUInt64LE(offset);
}
