/** Rows as aligned columns, for people. Pure. */

/** One line a row, columns two blanks apart, no blank at the end of a line; columns that are empty in every row are left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head
    .map((_, column) => rows.some((row) => (row[column] ?? '') !== ''))
    .flatMap((some, column) => (some ? [column] : []));
  const lines = [head, ...rows].map((row) => used.map((column) => row[column] ?? ''));
  const widths = used.map((_, index) => Math.max(...lines.map((line) => width(line[index] ?? ''))));
  const pad = (cell: string, index: number): string => cell + ' '.repeat((widths[index] ?? 0) - width(cell));
  return lines.map((line) => `${line.map(pad).join('  ').trimEnd()}\n`).join('');
}

/** Columns of a terminal: combining marks take none, wide East Asian characters two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
