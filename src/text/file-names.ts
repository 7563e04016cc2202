/**
 * File names as text. The kernel's names are bytes; a byte that is not part of UTF-8 becomes an unpaired surrogate, U+DC80 to
 * U+DCFF, as in Python (PEP 383). So each name has a text of its own, which leads back to its bytes.
 */
import { decodeSequence, encodeUtf8 } from './utf8.ts';

/** Decodes a file name; never fails. */
export function decodeName(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index] ?? 0;
    const { code, length } = first < 0x80 ? { code: first, length: 1 } : decodeSequence(bytes, index, first);
    // U+FFFD itself is EF BF BD.
    const isValid = code !== 0xfffd || (first === 0xef && length === 3);
    parts.push(isValid ? String.fromCodePoint(code) : String.fromCharCode(0xdc00 + first));
    index += isValid ? length : 1;
  }
  return parts.join('');
}

/** Whether encodeName() has to be used: the text may have a byte that is not part of UTF-8. */
export function mayHaveRawBytes(text: string): boolean {
  return /[\udc80-\udcff]/.test(text);
}

/** Returns the bytes of a name that decodeName() returned. */
export function encodeName(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const unit = character.codePointAt(0) ?? 0;
    if (unit >= 0xdc80 && unit <= 0xdcff) bytes.push(unit - 0xdc00);
    else for (const byte of encodeUtf8(character)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
