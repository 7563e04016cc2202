/** Formats columns for a terminal: shortens cells, and omits columns, until a row fits on one line; or prints several lines for a row. */
import { width } from './table.ts';

export interface FitColumn {
  readonly title: string;
  /** Printable text, one cell for each row. */
  readonly cells: readonly string[];
  /** The width to which cells may be cut at their end; absent if they may not be cut. */
  readonly min?: number;
  /** The column with the lowest number is omitted first; one without a number is never omitted. */
  readonly omit?: number;
  /** Adds colours to a cell, which is padded already. */
  readonly paint?: (cell: string, row: number) => string;
}

interface Layout {
  /** The width of the terminal; absent if a row may be of any length. */
  readonly width: number | undefined;
  readonly header: boolean;
  /** Whether a row that cannot fit on one line is printed on several lines, with the titles beside the cells. */
  readonly records?: boolean;
}

const gap = '  ';

/**
 * One line per row, with two spaces between columns and no trailing spaces. A column that is empty in every row is omitted. If a row
 * is too wide, UUIDs are shortened in the middle, then cells are cut at their end, then columns are omitted.
 */
export function fitTable(columns: readonly FitColumn[], layout: Layout): string {
  const used = columns.filter(({ cells }) => cells.some((cell) => cell !== ''));
  const shown = fitColumns(used, layout.width);
  if (layout.records && layout.width !== undefined && excess(shown, layout.width) > 0)
    return formatRecords(used, layout.width);
  // The last column is not padded, so that no line ends in spaces before the end of a colour.
  const padded = shown.map((column, index) => (index === shown.length - 1 ? column : padColumn(column)));
  const columnCells = padded.map(({ cells, paint }) => (paint ? cells.map(paint) : cells));
  const line = (texts: readonly (string | undefined)[]): string => `${texts.join(gap).trimEnd()}\n`;
  const lines = layout.header ? [line(padded.map(({ title }) => title))] : [];
  const rows = shown[0]?.cells.length ?? 0;
  for (let row = 0; row < rows; row++) lines.push(line(columnCells.map((cells) => cells[row])));
  return lines.join('');
}

/**
 * The cells of a row on several lines: those of the first columns, as far as the first one that has text in every row, and below
 * them, indented, `TITLE cell` of the others. Cells without text or with only `-` are omitted; those that may be cut fit on a line.
 */
function formatRecords(columns: readonly FitColumn[], limit: number): string {
  const last = columns.findIndex(({ cells }) => cells.every((cell) => cell !== ''));
  const [heads, others] = [columns.slice(0, last + 1), columns.slice(last + 1)];
  const lines = (heads[0] ?? columns[0])?.cells.flatMap((_, row) => {
    const headOf = (each: FitColumn): string[] => (each.cells[row] ? [each.cells[row]] : []);
    const whole = heads.flatMap(headOf).join(gap);
    const head = width(whole) <= limit ? whole : heads.map(shortenUuids).flatMap(headOf).join(gap);
    return [head, ...pairLines(others, row, limit)];
  });
  return (lines ?? []).map((line) => `${line}\n`).join('');
}

const recordIndent = '    ';

/** `TITLE cell` of each column, as many on a line as fit. */
function pairLines(columns: readonly FitColumn[], row: number, limit: number): string[] {
  const lines: string[] = [];
  let [line, length] = ['', 0];
  for (const { title, cells, min, paint = (text: string) => text } of columns) {
    const room = limit - recordIndent.length - width(title) - 1;
    const cell = min === undefined ? (cells[row] ?? '') : cutEnd(cells[row] ?? '', Math.max(min, room));
    if (cell === '' || cell === '-') continue;
    const pair = `${title} ${paint(cell, row)}`;
    const pairLength = width(title) + 1 + width(cell);
    if (length > 0 && length + gap.length + pairLength > limit) {
      lines.push(line);
      [line, length] = ['', 0];
    }
    const start = length === 0 ? recordIndent : gap;
    [line, length] = [line + start + pair, length + start.length + pairLength];
  }
  return length === 0 ? lines : [...lines, line];
}

/** The column with its title and its cells as wide as the widest of them. */
function padColumn(column: FitColumn): FitColumn {
  const widths = column.cells.map(width);
  const titleWidth = width(column.title);
  const widest = widths.reduce((most, each) => (each > most ? each : most), titleWidth);
  const pad = (text: string, own: number): string => text + ' '.repeat(widest - own);
  return {
    ...column,
    title: pad(column.title, titleWidth),
    cells: column.cells.map((cell, row) => pad(cell, widths[row] ?? widest)),
  };
}

function widthOf({ title, cells }: FitColumn): number {
  return cells.reduce((widest, cell) => Math.max(widest, width(cell)), width(title));
}

function fitColumns(columns: readonly FitColumn[], limit: number | undefined): readonly FitColumn[] {
  if (limit === undefined || excess(columns, limit) <= 0) return columns;
  let shown = columns.map(shortenUuids);
  const omitted: FitColumn[] = [];
  while (excess(cutCells(shown, limit), limit) > 0) {
    const next = [...shown].sort(byOmission)[0];
    if (next?.omit === undefined) break;
    omitted.push(next);
    shown = shown.filter((column) => column !== next);
  }
  // A narrow column may fit into the space that a wide one leaves.
  for (const column of omitted.reverse()) {
    const wider = columns
      .map(shortenUuids)
      .filter(({ title }) => title === column.title || shown.some((each) => each.title === title));
    if (excess(cutCells(wider, limit), limit) <= 0) shown = wider;
  }
  return cutCells(shown, limit);
}

function byOmission(
  { omit: a = Number.POSITIVE_INFINITY }: FitColumn,
  { omit: b = Number.POSITIVE_INFINITY }: FitColumn,
): number {
  return a === b ? 0 : a - b;
}

/** By how many characters a row is too wide. */
function excess(columns: readonly FitColumn[], limit: number): number {
  return columns.reduce((sum, column) => sum + widthOf(column) + gap.length, -gap.length) - limit;
}

const uuid = /([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{8}([0-9a-f]{4})/gi;

/** `83b8f4f2…1001`: the first digits, which are accepted as NAME, and the last ones. Cells that would become equal stay. */
function shortenUuids(column: FitColumn): FitColumn {
  const cells = column.cells.map((cell) => cell.replace(uuid, '$1…$2'));
  return new Set(cells).size === new Set(column.cells).size ? { ...column, cells } : column;
}

/** Cuts the widest of the cells that may be cut until the rows fit, or all such columns have their smallest width. */
function cutCells(columns: readonly FitColumn[], limit: number): readonly FitColumn[] {
  let left = excess(columns, limit);
  return columns.map((column) => {
    const { min } = column;
    const natural = widthOf(column);
    if (left <= 0 || min === undefined || natural <= min) return column;
    const target = Math.max(min, natural - left, width(column.title));
    left -= natural - target;
    return { ...column, cells: column.cells.map((cell) => cutEnd(cell, target)) };
  });
}

/** The text in at most `limit` columns, the last character an ellipsis if it was longer; no surrogate pair is split. */
export function cutEnd(text: string, limit: number): string {
  if (width(text) <= limit) return text;
  let kept = '';
  for (const character of text) {
    if (width(kept + character) > limit - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
