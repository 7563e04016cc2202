/** "Did you mean": the word that a person most likely meant. Pure. */

/** Edits (insert, delete, replace, swap of neighbours) between two words; optimal string alignment. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The choice nearest to `word`, or `undefined` where none is near (more than a third of its letters differ). */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const asked = word.slice(0, 64).toLowerCase();
  const ranked = choices
    .map((choice) => ({ choice, edits: distance(asked, choice.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(best.choice.length / 3)) ? best.choice : undefined;
}
