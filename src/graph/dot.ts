/** Formats a graph in the DOT language (https://graphviz.org/doc/info/lang.html). */

import { printable } from '../text/printable.ts';
import { wrap } from '../text/prose.ts';
import { colours, stateStyles } from './colours.ts';
import { cell, escaped, row, type TextLine, tableOf, tag } from './dot-label.ts';
import { type Box, type Entry, type Graph, groupOf, type Usage } from './model.ts';
import {
  aliasesOf,
  describeEntry,
  formatDriver,
  formatEntryHolders,
  formatFirstLink,
  stateLabels,
  truncate,
} from './words.ts';

/** Order of the states in the legend and in the counts of a grid. */
const stateOrder: readonly Usage[] = ['used', 'free', 'no-node', 'blocking', 'host', 'idle'];

/**
 * Graphviz has the metrics of few fonts, and does not support a list of fonts. Verdana is wider than most
 * substitutes.
 */
export const font = 'Verdana';
/** The name of the invisible node before the tops; the name of a box does not start with a slash. */
const ORIGIN = '/';

/** Returns the DOT text of a graph with this title; identical text for identical graphs. */
export function formatDot(graph: Graph, title: string): string {
  const framed = new Map(graph.frames.flatMap(({ group, boxes }) => boxes.map((id) => [id, group] as const)));
  const boxes = graph.roots.flatMap(allBoxes);
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const lines = [
    `digraph ${quoted(title)} {`,
    `  graph [rankdir=LR, ordering=out, fontname="${font}", fontsize=10, nodesep=0.14, ranksep=0.5, pad=0.3, fontcolor="${colours.text}", bgcolor="${colours.paper}", labelloc=t, labeljust=l, label=<${headOf(title, boxes)}>]`,
    `  node [shape=plain, fontname="${font}", fontsize=10, fontcolor="${colours.text}"]`,
    `  edge [arrowhead=none, tailport=e, headport=w, color="${colours.edge}", penwidth=1.2]`,
    // An edge to each top, which are otherwise placed in an order of Graphviz's own.
    `  ${quoted(ORIGIN)} [shape=point, style=invis, width=0, height=0]`,
    ...graph.roots.map((root) => `  ${quoted(ORIGIN)} -> ${quoted(nameOf(root))} [style=invis]`),
    // Graphviz lays a column out from top to bottom with this order and with the members of a frame reversed.
    ...boxes.filter(({ id }) => !framed.has(id)).map((box) => `  ${node(box, false)}`),
    ...graph.frames.flatMap(({ group, boxes: ids }) => [
      `  subgraph ${quoted(`cluster group ${group}`)} {`,
      `    graph [label=<${tag('b', escaped(printable(`IOMMU group ${group}`)))}>, labeljust=l, labelloc=t, style="rounded,dashed", color="${colours.faint}", fontcolor="${colours.faint}", bgcolor="${colours.frameFill}", margin=9]`,
      ...ids
        .toReversed()
        .flatMap((id) => byId.get(id) ?? [])
        .map((box) => `    ${node(box, true)}`),
      '  }',
    ]),
    ...boxes.flatMap((box) =>
      box.kind === 'grid'
        ? []
        : box.below.map((child) => `  ${quoted(nameOf(box))} -> ${quoted(nameOf(child))}`),
    ),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

export function allBoxes(box: Box): Box[] {
  return [box, ...(box.kind === 'grid' ? [] : box.below.flatMap(allBoxes))];
}

/** Returns the node ID of a box in DOT and SVG: its path below /sys/devices. */
export function nameOf({ id }: Box): string {
  return id.slice('/sys/devices/'.length);
}

/** Quotes a DOT string: escapes `"`; printable() has already doubled every backslash. */
function quoted(text: string): string {
  return `"${printable(text).replaceAll('"', '\\"')}"`;
}

function node(box: Box, framed: boolean): string {
  return `${quoted(nameOf(box))} [label=<${htmlOf(box, framed)}>]`;
}

function htmlOf(box: Box, framed: boolean): string {
  if (box.kind === 'root') return rootTable(box.name);
  if (box.kind === 'grid') return gridTable(box, framed);
  return box.entry.bridge && box.entry.node === undefined
    ? bridgeTable(box.entry, framed)
    : deviceTable(box.entry, framed);
}

function rootTable(name: string): string {
  const text = name.startsWith('pci') ? `PCI ${name.slice(3)}` : name;
  return tableOf({ border: 1, color: colours.faint, bgcolor: colours.topFill, padding: 6 }, [
    row(cell([{ text, bold: true }])),
  ]);
}

function bridgeTable(entry: Entry, framed: boolean): string {
  const text = [entry.driver, groupText(entry, framed)].filter((part) => part !== undefined).join(', ');
  const lines = [{ text: entry.name }, ...optional(text || undefined, { size: 8, color: colours.faint })];
  return tableOf({ border: 1, color: colours.line, bgcolor: colours.paper, padding: 5 }, [row(cell(lines))]);
}

function deviceTable(entry: Entry, framed: boolean): string {
  const look = stateStyles[entry.usage];
  const small = { size: 9, color: look.secondaryText };
  const title = entry.vf === undefined ? entry.name : `${entry.name} (VF ${entry.vf})`;
  const description = describeEntry(entry);
  const descriptionLines = description === undefined ? [] : wrap(description, { width: 36 });
  const numa = entry.numaNode === undefined ? undefined : `NUMA node ${entry.numaNode}`;
  const summary = [formatDriver(entry), groupText(entry, framed), numa].filter((part) => part !== undefined);
  const lines = [
    { text: title, bold: true },
    ...descriptionLines.map((text) => ({ text, size: 9 })),
    ...optional(summary.join(', '), small),
    ...aliasesOf(entry).map((text) => ({ ...small, text, bold: true })),
    ...optional(formatFirstLink(entry), small),
    ...optional(status(entry), { size: 9, bold: true, color: look.stateText }),
  ];
  return tableOf({ ...look, padding: 6 }, [row(cell(lines))]);
}

function groupText({ group }: Entry, framed: boolean): string | undefined {
  return framed || group === undefined ? undefined : `group ${group}`;
}

/** Returns the state as text, for states that the driver line does not already imply. */
function status(entry: Entry): string | undefined {
  const holder = formatEntryHolders(entry);
  if (holder !== undefined) return `in use: ${holder}`;
  return entry.usage === 'blocking' ? stateLabels.blocking : undefined;
}

function optional(text: string | undefined, style: Omit<TextLine, 'text'>): TextLine[] {
  return text === undefined ? [] : [{ text, ...style }];
}

type Grid = Extract<Box, { kind: 'grid' }>;

/** Number of columns; lower for mediated devices, which have long names. */
const columnsOf = ({ family, cells }: Grid): number =>
  family === 'mdev' ? 2 : Math.min(16, Math.max(4, Math.ceil(Math.sqrt(cells.length))));

function gridTable(box: Grid, framed: boolean): string {
  const columns = columnsOf(box);
  const title = `${box.cells.length} ${box.family === 'vf' ? 'VFs' : 'mediated devices'}`;
  const rows: string[] = [];
  for (let from = 0; from < box.cells.length; from += columns)
    rows.push(row(...box.cells.slice(from, from + columns).map((entry) => gridCell(entry, box, framed))));
  return tableOf({ border: 1, color: colours.line, bgcolor: colours.paper, padding: 4, spacing: 3 }, [
    row(cell([{ text: `${title}: ${countsOf(box.cells)}`, bold: true }], { span: columns })),
    ...rows,
  ]);
}

/** `40 in use, 24 bound to VFIO, free`. */
function countsOf(cells: readonly Entry[]): string {
  return stateOrder
    .flatMap((state) => {
      const count = cells.filter((entry) => entry.usage === state).length;
      return count === 0 ? [] : [`${count} ${stateLabels[state].replace(/^bound to VFIO, /, '')}`];
    })
    .join(', ');
}

function gridCell(entry: Entry, box: Grid, framed: boolean): string {
  const boxStyle = stateStyles[entry.usage];
  const group = groupText(entry, framed && groupOf(box) !== undefined);
  const vf = box.family === 'vf';
  const maxLength = vf ? 26 : 40;
  const title = vf ? `${entry.vf}: ${entry.name.replace(/^0000:/, '')}` : entry.name;
  const second = [entry.node ?? entry.driver ?? 'no driver', group].filter((part) => part !== undefined);
  const lines = [second.join(', '), vf ? undefined : entry.mdevType, entry.holders?.[0]].filter(
    (line) => line !== undefined,
  );
  const color = boxStyle.secondaryText;
  return cell(
    [
      { text: truncate(title, maxLength), size: 8, bold: true },
      ...aliasesOf(entry).map((text) => ({ text: truncate(text, maxLength), size: 8, bold: true, color })),
      ...lines.map((text) => ({ text: truncate(text, maxLength), size: 8, color })),
    ],
    { boxStyle },
  );
}

/** Returns the label at the top of the graph: the title, and a legend of the states that occur. */
function headOf(title: string, boxes: readonly Box[]): string {
  const entries = boxes.flatMap((box) =>
    box.kind === 'grid' ? box.cells : box.kind === 'device' && !box.entry.bridge ? [box.entry] : [],
  );
  const shown = stateOrder.filter((state) => entries.some((entry) => entry.usage === state));
  const cells = shown.map((state) =>
    cell([{ text: stateLabels[state], size: 8 }], { boxStyle: stateStyles[state] }),
  );
  const legend = tableOf({ border: 0, padding: 4, spacing: 5 }, [row(...cells)]);
  const rows = [row(cell([{ text: title, size: 12, bold: true }]))];
  // In a table of its own, so that the cells of the legend are not as wide as the title.
  if (cells.length > 0) rows.push(row(tag('td', legend, { align: 'left' })));
  return tableOf({ border: 0, padding: 4 }, rows);
}
