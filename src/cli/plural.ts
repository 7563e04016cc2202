/** Formats a count with its noun: `1 name`, `3 names`. */

export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
