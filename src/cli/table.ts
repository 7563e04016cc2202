/** Formats rows as aligned columns. */

/** One line per row; columns are separated by two spaces, without trailing spaces; columns that are empty in every row are omitted. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.flatMap((title, index) => {
    const widest = rows.reduce((max, row) => Math.max(max, width(row[index] ?? '')), 0);
    return widest === 0 ? [] : [{ index, columnWidth: Math.max(widest, width(title)) }];
  });
  const line = (row: readonly string[]): string => {
    const cells = columns.map(({ index, columnWidth }) => {
      const cell = row[index] ?? '';
      return cell + ' '.repeat(columnWidth - width(cell));
    });
    return `${cells.join('  ').trimEnd()}\n`;
  };
  return [head, ...rows].map(line).join('');
}

const plain = /^[\x20-\x7e]*$/;

/** Width in terminal columns: combining marks have none, wide East Asian characters have two. */
export function width(text: string): number {
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
