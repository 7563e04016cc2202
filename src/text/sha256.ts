/** SHA-256 (FIPS 180-4), so that the hash of a policy needs no library. */
import { encodeUtf8 } from './utf8.ts';

/** The first 32 bits of the fraction of `root(prime)`. */
function fraction(prime: number, root: (x: number) => number): number {
  return ((root(prime) % 1) * 2 ** 32) | 0;
}

const primes: readonly number[] = [...Array(312).keys()].filter(
  (number) => number > 1 && ![...Array(number).keys()].slice(2).some((divisor) => number % divisor === 0),
);

/** Returns the hash of the text in UTF-8, as 64 hex digits. */
export function sha256(text: string): string {
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fraction(prime, Math.sqrt));
  const constants = Int32Array.from(primes, (prime) => fraction(prime, Math.cbrt));
  const view = new DataView(pad(encodeUtf8(text)).buffer);
  const words = new Int32Array(64);
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
    hashBlock(state, words, constants);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Appends a one bit, zeros up to a multiple of 64 bytes, and the length in bits. */
function pad(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  return padded;
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** Section 6.2.2; the first 16 of `words` are the block. */
function hashBlock(state: Int32Array, words: Int32Array, constants: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const [w2, w7, w15, w16] = [words[i - 2] ?? 0, words[i - 7] ?? 0, words[i - 15] ?? 0, words[i - 16] ?? 0];
    const sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    words[i] = w16 + sigma0 + w7 + sigma1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + (constants[i] ?? 0) + (words[i] ?? 0)) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] ?? 0) + word;
}
