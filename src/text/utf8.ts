/** UTF-8 for engines without TextEncoder and TextDecoder, such as QuickJS. */

/** Encodes text; an unpaired surrogate becomes U+FFFD, as in TextEncoder. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else {
      if (code < 0x10000) bytes.push(0xe0 | (code >> 12));
      else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f));
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}

/**
 * Decodes bytes; each maximal subpart of an ill-formed sequence becomes one U+FFFD, as in the Encoding Standard and in
 * Node's Buffer (table 3-7 of Unicode 15 has the limits of the second byte).
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const units: number[] = [];
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index] ?? 0;
    if (first < 0x80) {
      units.push(first);
      index++;
      continue;
    }
    const { code, length } = decodeSequence(bytes, index, first);
    if (code > 0xffff) units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    else units.push(code);
    index += length;
  }
  let text = '';
  for (let from = 0; from < units.length; from += 1024)
    text += String.fromCharCode(...units.slice(from, from + 1024));
  return text;
}

/** Decodes the sequence of two to four bytes at `index`; an ill-formed one is U+FFFD, with the length of its maximal subpart. */
export function decodeSequence(
  bytes: Uint8Array,
  index: number,
  first: number,
): { readonly code: number; readonly length: number } {
  const continuationBytes = first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : 3;
  if (first < 0xc2 || first > 0xf4) return { code: 0xfffd, length: 1 };
  let code = first & (0x3f >> continuationBytes);
  let [low, high] = [
    first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80,
    first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf,
  ];
  for (let used = 1; used <= continuationBytes; used++) {
    const next = bytes[index + used] ?? 0;
    if (next < low || next > high) return { code: 0xfffd, length: used };
    code = code * 64 + (next & 0x3f);
    [low, high] = [0x80, 0xbf];
  }
  return { code, length: continuationBytes + 1 };
}
