/** Finds the closest match of a misspelled word, for "did you mean". */

/** Edit distance (insert, delete, replace, swap of adjacent letters) of two words; optimal string alignment. */
export function editDistance(a: string, b: string): number {
  let rowBeforeLast: number[] = [];
  let lastRow = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((lastRow[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (lastRow[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (rowBeforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rowBeforeLast = lastRow;
    lastRow = row;
  }
  return lastRow[b.length] ?? 0;
}

/** The choice closest to `word`, or `undefined` if more than a third of the letters of the closest one differ. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const wanted = word.slice(0, 64).toLowerCase();
  const ranked = choices
    .map((choice) => ({ choice, edits: editDistance(wanted, choice.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(best.choice.length / 3)) ? best.choice : undefined;
}
