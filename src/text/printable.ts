/** Escapes control characters, so that text is safe to print to a terminal, a log or a table. */

// C0, DEL, C1, line and paragraph separators, bidirectional controls, byte-order mark, and half surrogates.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Replaces each control character with `\xNN` or `\uNNNN` and doubles each backslash, so that the escaping is reversible. */
export function printable(text: string): string {
  return escapeControls(text.replaceAll('\\', '\\\\'));
}

/** Replaces each control character as `printable` does, and leaves text that it has escaped as it is. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
