/** UTF-8 bytes as text, for engines that have no TextDecoder and read bytes that are no UTF-8 in their own way. Pure. */

/**
 * The text that the bytes mean; what is no UTF-8 becomes U+FFFD, one for each maximal part, as the Encoding Standard and
 * Node's Buffer do (Unicode 15, table 3-7 has the limits of the second byte).
 */
export function textOfUtf8(bytes: Uint8Array): string {
  const units: number[] = [];
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index] ?? 0;
    if (first < 0x80) {
      units.push(first);
      index++;
      continue;
    }
    const { code, length } = decodeOne(bytes, index, first);
    if (code > 0xffff) units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    else units.push(code);
    index += length;
  }
  let text = '';
  for (let from = 0; from < units.length; from += 1024)
    text += String.fromCharCode(...units.slice(from, from + 1024));
  return text;
}

function decodeOne(
  bytes: Uint8Array,
  index: number,
  first: number,
): { readonly code: number; readonly length: number } {
  const more = first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : 3;
  if (first < 0xc2 || first > 0xf4) return { code: 0xfffd, length: 1 };
  let code = first & (0x3f >> more);
  let [low, high] = [
    first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80,
    first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf,
  ];
  for (let used = 1; used <= more; used++) {
    const next = bytes[index + used] ?? 0;
    if (next < low || next > high) return { code: 0xfffd, length: used };
    code = code * 64 + (next & 0x3f);
    [low, high] = [0x80, 0xbf];
  }
  return { code, length: more + 1 };
}
