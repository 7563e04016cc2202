/** Formats a graph in the DOT language (https://graphviz.org/doc/info/lang.html). */

import { printable } from '../text/printable.ts';
import { wrap } from '../text/prose.ts';
import { cell, escaped, row, type TextLine, tableOf, tag } from './dot-label.ts';
import { type Box, type Entry, type Graph, groupOf, type Usage } from './model.ts';
import {
  describeEntry,
  formatDriver,
  formatEntryHolders,
  formatFirstLink,
  stateLabels,
  truncate,
} from './words.ts';

/** Style of a box; `border` is in points. */
interface StateStyle {
  readonly border: number;
  readonly color: string;
  readonly bgcolor: string;
  /** Text colours: for secondary lines, and for the line with the state. */
  readonly secondaryText: string;
  readonly stateText: string;
}

/** Style by state. */
const stateStyles: Readonly<Record<Usage, StateStyle>> = {
  used: { border: 2, color: '#bf5b00', bgcolor: '#ffd8a8', secondaryText: '#5c3a00', stateText: '#7a3500' },
  free: { border: 1, color: '#1a7f5a', bgcolor: '#d9f2e6', secondaryText: '#24513f', stateText: '#0f5c3f' },
  'no-node': {
    border: 1,
    color: '#8250df',
    bgcolor: '#fbf7ff',
    secondaryText: '#5b4a7a',
    stateText: '#6639ba',
  },
  host: { border: 1, color: '#8c959f', bgcolor: '#eaeef2', secondaryText: '#57606a', stateText: '#57606a' },
  blocking: {
    border: 2,
    color: '#cf222e',
    bgcolor: '#ffebe9',
    secondaryText: '#57606a',
    stateText: '#a40e26',
  },
  idle: { border: 1, color: '#d0d7de', bgcolor: '#ffffff', secondaryText: '#6e7781', stateText: '#57606a' },
};

/** Order of the states in the legend and in the counts of a grid. */
const stateOrder: readonly Usage[] = ['used', 'free', 'no-node', 'blocking', 'host', 'idle'];

/**
 * Graphviz has the metrics of few fonts, and does not support a list of fonts. Verdana is wider than most
 * substitutes.
 */
export const font = 'Verdana';
const faint = '#57606a';

/** Returns the DOT text of a graph; identical text for identical graphs. */
export function formatDot(graph: Graph): string {
  const framed = new Map(graph.frames.flatMap(({ group, boxes }) => boxes.map((id) => [id, group] as const)));
  const boxes = graph.roots.flatMap(allBoxes);
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const lines = [
    'digraph "vfio-names" {',
    `  graph [rankdir=LR, ordering=out, fontname="${font}", fontsize=10, nodesep=0.14, ranksep=0.5, pad=0.3, bgcolor="#ffffff"${legendOf(boxes)}]`,
    `  node [shape=plain, fontname="${font}", fontsize=10, fontcolor="#1f2328"]`,
    '  edge [arrowhead=none, tailport=e, headport=w, color="#8c959f", penwidth=1.2]',
    // Graphviz lays a column out from top to bottom with this order and with the members of a frame reversed.
    ...boxes.filter(({ id }) => !framed.has(id)).map((box) => `  ${node(box, false)}`),
    ...graph.frames.flatMap(({ group, boxes: ids }) => [
      `  subgraph ${quoted(`cluster group ${group}`)} {`,
      `    graph [label=<${tag('b', escaped(printable(`IOMMU group ${group}`)))}>, labeljust=l, labelloc=t, style="rounded,dashed", color="${faint}", fontcolor="${faint}", bgcolor="#f6f8fa", margin=9]`,
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

function allBoxes(box: Box): Box[] {
  return [box, ...(box.kind === 'grid' ? [] : box.below.flatMap(allBoxes))];
}

/** Returns the node ID of a box in DOT and SVG: its path below /sys/devices. */
function nameOf({ id }: Box): string {
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
  return tableOf({ border: 1, color: faint, bgcolor: '#eaeef2', padding: 6 }, [
    row(cell([{ text, bold: true }])),
  ]);
}

function bridgeTable(entry: Entry, framed: boolean): string {
  const text = [entry.driver, groupText(entry, framed)].filter((part) => part !== undefined).join(', ');
  const lines = [{ text: entry.name }, ...optional(text || undefined, { size: 8, color: faint })];
  return tableOf({ border: 1, color: '#afb8c1', bgcolor: '#ffffff', padding: 5 }, [row(cell(lines))]);
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
  return tableOf({ border: 1, color: '#afb8c1', bgcolor: '#ffffff', padding: 4, spacing: 3 }, [
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
  return cell(
    [
      { text: truncate(title, maxLength), size: 8, bold: true },
      ...lines.map((text) => ({ text: truncate(text, maxLength), size: 8, color: boxStyle.secondaryText })),
    ],
    { boxStyle },
  );
}

/** Returns the legend as the label of the graph, at its bottom; contains only the states that occur. */
function legendOf(boxes: readonly Box[]): string {
  const entries = boxes.flatMap((box) =>
    box.kind === 'grid' ? box.cells : box.kind === 'device' && !box.entry.bridge ? [box.entry] : [],
  );
  const shown = stateOrder.filter((state) => entries.some((entry) => entry.usage === state));
  if (shown.length === 0) return '';
  const cells = shown.map((state) =>
    cell([{ text: stateLabels[state], size: 8 }], { boxStyle: stateStyles[state] }),
  );
  return `, labelloc=b, labeljust=l, label=<${tableOf({ border: 0, padding: 4, spacing: 5 }, [row(...cells)])}>`;
}
