/** Escapes control characters, so that text is safe to print to a terminal, a log, a table, a drawing or a document. */

/**
 * C0, DEL, C1, soft hyphen, line and paragraph separators, bidirectional controls, invisible operators, byte-order mark,
 * interlinear annotations, tags, noncharacters (which XML forbids), and half surrogates.
 */
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text of which nothing is replaced; QuickJS matches it many times faster than `unsafe`. */
const plain = /^[\n\t\x20-\x7e]*$/;
const plainLine = /^[\x20-\x7e]*$/;

/** Replaces each control character with `\xNN` or `\uNNNN` and doubles each backslash, so that the escaping is reversible. */
export function printable(text: string): string {
  return escapeControls(text.includes('\\') ? text.replaceAll('\\', '\\\\') : text);
}

/** Replaces each control character as `printable` does, and leaves text that it has escaped as it is. */
export function escapeControls(text: string): string {
  if (plainLine.test(text)) return text;
  return replaceUnsafe(text, (code) => (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`));
}

/** As escapeControls, for whole texts: leaves line breaks, tabs, and with `colour` the colours of cli/colour.ts. */
export function escapeText(text: string, colour: boolean): string {
  if (plain.test(text)) return text;
  const kept = colour ? /[\n\t]|\u001b\[(?:1|22|3[1-369])m/ : /[\n\t]/;
  return text
    .split(new RegExp(`(${kept.source})`))
    .map((part, index) => (index % 2 === 1 ? part : escapeControls(part)))
    .join('');
}

/**
 * JSON on one line, or indented by `indent` spaces. Every control character is escaped as `\uNNNN`: JSON.stringify leaves
 * DEL, C1 and bidirectional controls as they are, which terminals obey.
 */
export function jsonText(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}

/** Escapes control characters in a text of JSON or TOML; line breaks between its values stay. */
export function escapeJson(text: string): string {
  if (plain.test(text) && !text.includes('\t')) return text;
  return replaceUnsafe(text, (code) => (code === 0x0a ? '\n' : `\\u${hex(code, 4)}`));
}

function replaceUnsafe(text: string, escapeUnit: (codeUnit: number) => string): string {
  return text.replace(unsafe, (characters) =>
    characters.length === 1
      ? escapeUnit(characters.charCodeAt(0))
      : escapeUnit(characters.charCodeAt(0)) + escapeUnit(characters.charCodeAt(1)),
  );
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
