/** Text as troff wants it, for pages written with the man macros. Pure; knows no page. */

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
 * Prose that is shown as it is written: nothing in it is a request or an escape, and what is ASCII stays ASCII (troff
 * would make typographer's marks of some, which can't be pasted into a shell). A sentence begins a line of its own, as
 * man-pages(7) wants it.
 */
export function roff(text: string): string {
  return verbatim(text.replace(/([.;:]) (?=[A-Z])/g, '$1\n'));
}

/** Lines that keep their breaks and blanks: for .nf and for words within a line. */
export function verbatim(text: string): string {
  return text
    .replace(/[\\\-'`^~"]/g, (character) => special[character] ?? character)
    .replace(/[^\0-\x7f]/gu, (character) => `\\[u${hex(character)}]`)
    .replace(/^(?=\.)/gm, '\\&');
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** Words to be typed as they are. */
export function bold(text: string): string {
  return `\\fB${verbatim(text)}\\fR`;
}

/** A word that stands for another. */
export function italic(text: string): string {
  return `\\fI${verbatim(text)}\\fR`;
}

/** A pattern of words such as `rules [NAME...]`: capitals stand for something, brackets and dots for themselves. */
export function operandsOf(label: string): string {
  return verbatim(label).replace(/[A-Z]+/g, '\\fI$&\\fR');
}
