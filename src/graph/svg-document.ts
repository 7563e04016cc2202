/** Completes the SVG that Graphviz draws: titles that describe the devices, a description, and colours for dark paper. */
import { printable } from '../text/printable.ts';
import { darkColours } from './colours.ts';
import { allBoxes, nameOf } from './dot.ts';
import type { Box, Graph } from './model.ts';
import { formatText } from './text.ts';
import { entryLine } from './words.ts';

/**
 * Replaces the names of nodes, which browsers show as tooltips, by what the drawing says about the device, and removes those of
 * edges. The description is the tree of `graph --format text`.
 */
export function completeSvg(svg: string, graph: Graph, title: string): string {
  const titles = new Map(graph.roots.flatMap(allBoxes).map((box) => [printable(nameOf(box)), titleOf(box)]));
  const named = svg
    .replace(/(<g id="graph0"[^>]*>\n)<title>[^<]*<\/title>\n/, '$1')
    .replace(/<g id="edge[^>]*>\n<title>[^<]*<\/title>\n/g, (start) => start.replace(/<title>.*\n/, ''))
    .replace(/<title>cluster group ([^<]*)<\/title>/g, '<title>IOMMU group $1</title>')
    .replace(/<title>([^<]*)<\/title>/g, (whole, name: string) => {
      const text = titles.get(unescaped(name));
      return text === undefined ? whole : `<title>${escaped(text)}</title>`;
    });
  const head = `<title>${escaped(printable(title))}</title>\n<desc>${escaped(formatText(graph))}</desc>\n${darkStyle()}`;
  return named.replace(/<svg [^>]*>\n/, (start) => `${start.replace('<svg ', '<svg role="img" ')}${head}`);
}

function titleOf(box: Box): string {
  if (box.kind === 'root') return printable(box.name);
  if (box.kind === 'device') return printable(entryLine(box.entry));
  return `${box.cells.length} ${box.family === 'vf' ? 'VFs' : 'mediated devices'}`;
}

/** Rules override the attributes by which Graphviz sets colours. */
function darkStyle(): string {
  const rules = Object.entries(darkColours).flatMap(([light, dark]) => [
    `[fill="${light}"]{fill:${dark}}`,
    `[stroke="${light}"]{stroke:${dark}}`,
  ]);
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Reads the entities that Graphviz writes. */
function unescaped(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name = '') =>
    code === undefined ? (names[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
