/** Wraps text to the width of a terminal. */

/** Width of a line, in characters. */
export const LINE_WIDTH = 80;

/**
 * Breaks a text at spaces, so that no line is longer than `columns`; lines after the first start with `indent` spaces.
 * `first` precedes the text on the first line. A word longer than a line gets a line of its own.
 */
export function wrap(text: string, indent = 0, first = ''): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = ' '.repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}
