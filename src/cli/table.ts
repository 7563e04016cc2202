/** Formats rows as aligned columns. */

/** One line per row; columns are separated by two spaces, without trailing spaces; columns that are empty in every row are omitted. */
export function formatTable(head: readonly string[], rows: Iterable<readonly string[]>): string {
  return [...formatTableParts(head, rows)].join('');
}

/** Number of lines per part. */
const LINES_PER_PART = 1024;

/**
 * The same table in parts of many lines, for many thousands of rows from a generator. Rows are buffered as joined strings,
 * with tabs between cells (no cell contains one), until the column widths are known: this uses much less memory than
 * arrays of cells.
 */
export function* formatTableParts(
  head: readonly string[],
  rows: Iterable<readonly string[]>,
): Generator<string, void> {
  const widths = head.map(() => 0);
  const parts: string[] = [];
  let lines: string[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
    if (lines.push(row.join('\t')) < LINES_PER_PART) continue;
    parts.push(lines.join('\n'));
    lines = [];
  }
  if (lines.length > 0) parts.push(lines.join('\n'));
  const used = widths.flatMap((max, column) =>
    max === 0 ? [] : [{ column, max: Math.max(max, width(head[column] ?? '')) }],
  );
  const line = (row: readonly string[]): string => {
    const cells = used.map(({ column, max }) => {
      const cell = row[column] ?? '';
      return cell + ' '.repeat(max - width(cell));
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

/** Width in terminal columns: combining marks have none, wide East Asian characters have two. */
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
