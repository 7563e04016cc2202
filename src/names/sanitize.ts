/**
 * Converts text to a safe part of a link's path, in the same way as udev for SYMLINK+=
 * (udev_replace_whitespace and udev_replace_chars in systemd's src/shared/udev-util.c).
 */

/** The maximum length of one part of a path in bytes (NAME_MAX of linux/limits.h). */
export const MAX_PART_BYTES = 255;

/** The ASCII characters that udev allows. */
const safe = '[0-9A-Za-z#+\\-.:=@_]';
const oneSafe = new RegExp(safe);
const allSafe = new RegExp(`^${safe}{1,${MAX_PART_BYTES}}$`);

/**
 * Converts `text` to one part of a path: removes whitespace at the ends, replaces whitespace inside by one `_`, and
 * replaces every byte that udev does not allow, and every slash, by `_`. Returns `undefined` if the result is empty, `.`,
 * `..`, or longer than 255 bytes.
 */
export function sanitizePathPart(text: string): string | undefined {
  // Fast path: the kernel's device names need no change.
  if (allSafe.test(text) && text !== '.' && text !== '..') return text;
  const trimmed = text.replace(/^[ \t\n\r]+/, '').replace(/[ \t\n\r\v\f]+$/, '');
  const part = replaceUnsafe(trimmed.replace(/[ \t\n\r\v\f]+/g, '_'));
  if (part === '' || part === '.' || part === '..' || byteLength(part) > MAX_PART_BYTES) return undefined;
  return part;
}

function replaceUnsafe(text: string): string {
  let result = '';
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index) ?? 0;
    const character = String.fromCodePoint(code);
    if (text.startsWith('\\x', index)) {
      result += '\\x';
      index += 2;
      continue;
    }
    result += isSafe(code, character) ? character : '_'.repeat(byteLength(character));
    index += character.length;
  }
  return result;
}

function isSafe(code: number, character: string): boolean {
  if (code < 0x80) return oneSafe.test(character);
  return !isNoncharacter(code);
}

/** Whether the code point is a surrogate or a Unicode noncharacter (unichar_is_valid in systemd's utf8.c). */
function isNoncharacter(code: number): boolean {
  return (
    (code >= 0xd800 && code <= 0xdfff) || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe
  );
}

/** Returns the length of the text in UTF-8, in bytes. */
function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
