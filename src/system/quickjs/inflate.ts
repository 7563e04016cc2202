/**
 * Unpacks gzip (RFC 1952) and deflate (RFC 1951): for /proc/config.gz, the only packed file that is read. Own code instead of a
 * library: those for JavaScript check neither the CRC nor a limit of the length.
 */
import { decodeUtf8 } from '../../text/utf8.ts';

class Damaged extends Error {
  override readonly name = 'GzipError';
}

/** Reads bits, the lowest of a byte first. */
class Bits {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** At most 16 bits. */
  take(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Damaged('expected more bytes, found the end');
      this.#held |= byte << this.#count;
      this.#count += 8;
    }
    const bits = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return bits;
  }

  /** Returns the position of the next whole byte and drops the rest of this one. */
  align(): number {
    this.#at -= this.#count >> 3;
    this.#held = 0;
    this.#count = 0;
    return this.#at;
  }
}

/** A Huffman code: how many symbols have a code of each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const next = new Uint16Array(17);
  for (let length = 1; length < 16; length++) next[length + 1] = (next[length] ?? 0) + (counts[length] ?? 0);
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const place = next[length] ?? 0;
    symbols[place] = symbol;
    next[length] = place + 1;
  }
  return { counts, symbols };
}

function symbolOf(bits: Bits, { counts, symbols }: Code): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length < 16; length++) {
    code |= bits.take(1);
    const count = counts[length] ?? 0;
    if (code - first < count) return symbols[index + code - first] ?? 0;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw new Damaged('expected a symbol, found another code');
}

/** The first length of each symbol from 257 on, and the distances, each with its extra bits (section 3.2.5). */
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceExtra = Array.from({ length: 30 }, (_, index) => Math.max(0, (index >> 1) - 1));

function bases(extra: readonly number[], first: number): number[] {
  let next = first;
  return extra.map((bits) => {
    const base = next;
    next += 1 << bits;
    return base;
  });
}

const lengthBase = bases(lengthExtra, 3).with(28, 258);
const distanceBase = bases(distanceExtra, 1);

const repeat = (value: number, count: number): number[] => Array<number>(count).fill(value);

const fixed = {
  literals: codeOf([...repeat(8, 144), ...repeat(9, 112), ...repeat(7, 24), ...repeat(8, 8)]),
  distances: codeOf(repeat(5, 30)),
};

/** The order of the lengths of the code for code lengths (section 3.2.7). */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function readCodes(bits: Bits): typeof fixed {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  const lengths = repeat(0, 19);
  for (const place of order.slice(0, bits.take(4) + 4)) lengths[place] = bits.take(3);
  const code = codeOf(lengths);
  const all: number[] = [];
  while (all.length < literalCount + distanceCount) {
    const symbol = symbolOf(bits, code);
    if (symbol < 16) all.push(symbol);
    else if (symbol === 16) all.push(...repeat(all.at(-1) ?? 0, 3 + bits.take(2)));
    else all.push(...repeat(0, symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7)));
  }
  return {
    literals: codeOf(all.slice(0, literalCount)),
    distances: codeOf(all.slice(literalCount, literalCount + distanceCount)),
  };
}

/** A buffer that grows up to a limit. */
class Output {
  bytes = new Uint8Array(1 << 16);
  length = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(byte: number): void {
    if (this.length >= this.#limit) throw new Damaged(`expected at most ${this.#limit} bytes, found more`);
    if (this.length === this.bytes.length) {
      const more = new Uint8Array(2 * this.bytes.length);
      more.set(this.bytes);
      this.bytes = more;
    }
    this.bytes[this.length++] = byte;
  }
}

function inflateBlock(bits: Bits, { literals, distances }: typeof fixed, output: Output): void {
  for (let symbol = symbolOf(bits, literals); symbol !== 256; symbol = symbolOf(bits, literals)) {
    if (symbol < 256) {
      output.push(symbol);
      continue;
    }
    const length = (lengthBase[symbol - 257] ?? 0) + bits.take(lengthExtra[symbol - 257] ?? 0);
    const place = symbolOf(bits, distances);
    const distance = (distanceBase[place] ?? 0) + bits.take(distanceExtra[place] ?? 0);
    if (symbol > 285 || place > 29 || distance > output.length)
      throw new Damaged('expected an earlier place, found one before the start');
    for (let count = 0; count < length; count++) output.push(output.bytes[output.length - distance] ?? 0);
  }
}

/** Appends the unpacked data to `output`; returns the position of the first byte after it. */
function inflate(bytes: Uint8Array, start: number, output: Output): number {
  const bits = new Bits(bytes, start);
  for (let last = 0; last === 0; ) {
    last = bits.take(1);
    const type = bits.take(2);
    if (type === 3) throw new Damaged('expected a type of a block, found 3');
    if (type > 0) {
      inflateBlock(bits, type === 1 ? fixed : readCodes(bits), output);
      continue;
    }
    bits.align();
    const length = bits.take(16);
    if ((length ^ bits.take(16)) !== 0xffff) throw new Damaged('expected the length twice');
    for (let count = 0; count < length; count++) output.push(bits.take(8));
  }
  return bits.align();
}

const crcTable = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/** Returns where the deflated data starts, after the header and its optional fields (RFC 1952, section 2.3). */
function skipHeader(bytes: Uint8Array): number {
  const [first, second, method, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8)
    throw new Damaged('expected gzip, found another format');
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const field of [8, 16]) {
    if ((flags & field) === 0) continue;
    while (at < bytes.length && bytes[at] !== 0) at++;
    at++;
  }
  return flags & 2 ? at + 2 : at;
}

/** Unpacks a gzip file of UTF-8 text. Throws if it is damaged or has more than `limit` bytes. */
export function gunzip(bytes: Uint8Array, limit: number): string {
  const output = new Output(limit);
  const end = inflate(bytes, skipHeader(bytes), output);
  const found = output.bytes.subarray(0, output.length);
  if (bytes.length < end + 8) throw new Damaged('expected a check sum, found the end');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(end, true) !== crc32(found) || view.getUint32(end + 4, true) !== output.length)
    throw new Damaged('expected another check sum');
  return decodeUtf8(found);
}
