/** Rows as aligned columns, for people. Pure. */

/** One line a row, columns two blanks apart, no blank at the end of a line; columns that are empty in every row are left out. */
export function table(head: readonly string[], rows: Iterable<readonly string[]>): string {
  return [...tableInParts(head, rows)].join('');
}

/** How many lines a part has. */
const linesOfPart = 1024;

/**
 * The same table in parts of many lines, for rows that are made one after the other and may be many thousands. They
 * wait for the widths as one text a part, with tabs, which no cell has: a fraction of the memory of their cells.
 */
export function* tableInParts(
  head: readonly string[],
  rows: Iterable<readonly string[]>,
): Generator<string, void> {
  const widths = head.map(() => 0);
  const parts: string[] = [];
  let lines: string[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
    if (lines.push(row.join('\t')) < linesOfPart) continue;
    parts.push(lines.join('\n'));
    lines = [];
  }
  if (lines.length > 0) parts.push(lines.join('\n'));
  const used = widths.flatMap((most, column) =>
    most === 0 ? [] : [{ column, most: Math.max(most, width(head[column] ?? '')) }],
  );
  const line = (row: readonly string[]): string => {
    const cells = used.map(({ column, most }) => {
      const cell = row[column] ?? '';
      return cell + ' '.repeat(most - width(cell));
    });
    return `${cells.join('  ').trimEnd()}\n`;
  };
  yield line(head);
  for (const part of parts)
    yield part
      .split('\n')
      .map((text) => line(text.split('\t')))
      .join('');
}

const plain = /^[\x20-\x7e]*$/;

/** Columns of a terminal: combining marks take none, wide East Asian characters two. */
function width(text: string): number {
  if (plain.test(text)) return text.length;
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
