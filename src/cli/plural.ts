/** Counts for people: `1 name`, `3 names`. Pure. */

export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
