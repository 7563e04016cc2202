/** Prose in lines of a terminal. Pure; knows no command. */

/** What a terminal has at least. */
export const columns = 80;

/**
 * Breaks a text at its blanks, so that no line is longer than `columns`; lines after the first begin with `indent` blanks.
 * `first` is what stands before the text on its first line. A word that is longer than a line keeps a line of its own.
 */
export function wrap(text: string, indent = 0, first = ''): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = ' '.repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}
