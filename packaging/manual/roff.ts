/** Escapes text for troff and the man macros. */

const special: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

/**
 * Escapes prose: nothing in it is a request or an escape, and ASCII characters stay ASCII (troff would print some as
 * typographic quotes and dashes, which cannot be pasted into a shell). Each sentence starts on a new line, as
 * man-pages(7) requires.
 */
export function roff(text: string): string {
  return verbatim(text.replace(/([.;:]) (?=[A-Z])/g, '$1\n'));
}

/** Escapes text and keeps its line breaks and spaces: for .nf and for parts of a line. */
export function verbatim(text: string): string {
  return text
    .replace(/[\\\-'`^~"]/g, (character) => special[character] ?? character)
    .replace(/[^\0-\x7f]/gu, (character) => `\\[u${hex(character)}]`)
    .replace(/^(?=\.)/gm, '\\&');
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** Bold, for literal words. */
export function bold(text: string): string {
  return `\\fB${verbatim(text)}\\fR`;
}

/** Italic, for placeholders. */
export function italic(text: string): string {
  return `\\fI${verbatim(text)}\\fR`;
}

/** A synopsis such as `rules [NAME...]`: words in capitals are placeholders (italic); everything else is literal. */
export function operandsOf(label: string): string {
  return verbatim(label).replace(/[A-Z]+/g, '\\fI$&\\fR');
}
