/** Formats prose: line breaks, plurals and modes. */

/** The width of text that is not printed to a terminal, in characters. */
export const plainWidth = 80;

interface Layout {
  /** Maximum length of a line; plainWidth by default. */
  readonly width?: number;
  /** Number of spaces at the start of each line after the first. */
  readonly indent?: number;
  /** Precedes the text on the first line. */
  readonly first?: string;
}

/** Breaks a text at spaces into lines of at most `width` characters. A word longer than a line gets a line of its own. */
export function wrap(text: string, { width = plainWidth, indent = 0, first = '' }: Layout = {}): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** `1 name`, `2 names`. */
export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** `0640`: permission bits in octal, as in chmod(1). */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
