/** HTML-like labels of Graphviz: tables of cells with lines of text (https://graphviz.org/doc/info/shapes.html#html). */
import { printable } from '../text/printable.ts';

/** Style of a table; `border`, `padding` and `spacing` are in points. */
interface TableStyle {
  readonly border: number;
  readonly color?: string;
  readonly bgcolor?: string;
  readonly padding: number;
  readonly spacing?: number;
}

interface CellStyle {
  /** Number of columns that the cell spans. */
  readonly span?: number;
  /** Own colours and border of the cell. */
  readonly boxStyle?: { readonly border: number; readonly color: string; readonly bgcolor: string };
}

/** Returns an element. `content` is already escaped; the attributes are escaped here. */
export function tag(
  name: string,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${list.join('')}>${content}</${name}>`;
}

/** Returns a `table` element with the given `tr` elements. */
export function tableOf(
  { border, color, bgcolor, padding, spacing = 0 }: TableStyle,
  rows: readonly string[],
): string {
  return tag('table', rows.join(''), {
    ...{ border, cellborder: 0, cellspacing: spacing, cellpadding: padding, style: 'rounded' },
    ...(color !== undefined && { color }),
    ...(bgcolor !== undefined && { bgcolor }),
  });
}

/** Returns a `tr` element with the given `td` elements. */
export function row(...cells: readonly string[]): string {
  return tag('tr', cells.join(''));
}

/** A line of unescaped text, and its style; `size` is in points. */
export interface TextLine {
  readonly text: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
}

/** Returns a `td` element with left-aligned lines of text. */
export function cell(lines: readonly TextLine[], { span, boxStyle }: CellStyle = {}): string {
  const content =
    lines.map(lineOf).join('<br align="left"/>') + (lines.length > 1 ? '<br align="left"/>' : '');
  return tag('td', content, {
    align: 'left',
    ...(lines.length > 1 && { balign: 'left' }),
    ...(span !== undefined && { colspan: span }),
    ...(boxStyle && {
      border: boxStyle.border,
      color: boxStyle.color,
      bgcolor: boxStyle.bgcolor,
      style: 'rounded',
    }),
  });
}

function lineOf({ text, size, bold, color }: TextLine): string {
  const plain = escaped(printable(text));
  const strong = bold ? tag('b', plain) : plain;
  const font = { ...(size !== undefined && { 'point-size': size }), ...(color !== undefined && { color }) };
  return Object.keys(font).length === 0 ? strong : tag('font', strong, font);
}

/** Escapes text for HTML-like labels. Returns a space for empty text, so that no cell is empty. */
export function escaped(text: string): string {
  const safe = text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return safe === '' ? ' ' : safe;
}
