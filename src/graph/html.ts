/** The few HTML-like elements that Graphviz has for labels (https://graphviz.org/doc/info/shapes.html#html). Pure. */
import { printable } from '../text/printable.ts';
import type { Look } from './colours.ts';

export interface TableStyle {
  readonly border: number;
  readonly color?: string;
  readonly bgcolor?: string;
  readonly padding: number;
  readonly spacing?: number;
}

export interface CellStyle {
  /** How many columns it takes. */
  readonly span?: number;
  /** A cell with a colour and a border of its own. */
  readonly look?: Look;
}

/** One element around content that is escaped already. */
export function tag(
  name: string,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${words.join('')}>${content}</${name}>`;
}

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

export function row(...cells: readonly string[]): string {
  return tag('tr', cells.join(''));
}

/** A raw line, and how it looks. */
export interface Line {
  readonly text: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
}

/** Lines of raw text below each other, to the left. */
export function cell(lines: readonly Line[], { span, look }: CellStyle = {}): string {
  const content =
    lines.map(lineOf).join('<br align="left"/>') + (lines.length > 1 ? '<br align="left"/>' : '');
  return tag('td', content, {
    align: 'left',
    ...(lines.length > 1 && { balign: 'left' }),
    ...(span !== undefined && { colspan: span }),
    ...(look && { border: look.border, color: look.color, bgcolor: look.bgcolor, style: 'rounded' }),
  });
}

function lineOf({ text, size, bold, color }: Line): string {
  const plain = escaped(printable(text));
  const strong = bold ? tag('b', plain) : plain;
  const font = { ...(size !== undefined && { 'point-size': size }), ...(color !== undefined && { color }) };
  return Object.keys(font).length === 0 ? strong : tag('font', strong, font);
}

/** Nothing in it begins an element or an entity; a blank would be no content, so that no cell is without any. */
function escaped(text: string): string {
  const safe = text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return safe === '' ? ' ' : safe;
}
