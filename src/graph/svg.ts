/**
 * Renders a graph as SVG with Graphviz compiled to WebAssembly, an optional package that only this file
 * imports.
 */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { font, formatDot } from './dot.ts';
import type { Graph } from './model.ts';
import { completeSvg } from './svg-document.ts';

/** Name of the optional package; build scripts use it too. */
const vizPackage = '@viz-js/viz';

/** The code of the error that takes the package's place in the native program (packaging/native/bundle.mjs). */
const noSvg = 'NO_SVG';

/** The part of its API that this file uses. */
interface Viz {
  readonly renderString: (
    dot: string,
    options: { readonly format: string; readonly engine: string },
  ) => string;
}

/** Loads the package; tests replace it. */
type LoadViz = () => Promise<{ readonly instance: () => Promise<Viz> }>;

const load: LoadViz = async () => {
  const loaded = await import('@viz-js/viz');
  // Not available with node --jitless; check here because the package reports it with an error of its own.
  if (!('WebAssembly' in globalThis)) throw new ReferenceError('WebAssembly is not defined');
  return loaded;
};

/**
 * Draws a graph as SVG. Throws VfioNamesError `no-renderer` (status 5) if the package is not installed or
 * cannot run here.
 */
export async function renderSvg(graph: Graph, title: string, loadViz: LoadViz = load): Promise<string> {
  let viz: Viz;
  try {
    viz = await (await loadViz()).instance();
  } catch (error) {
    throw rendererMissing(error);
  }
  const svg = viz.renderString(formatDot(graph, title), { format: 'svg', engine: 'dot' });
  // Matches only attributes: Graphviz writes quotation marks in text as entities.
  const fonts = svg.replaceAll(`font-family="${font}"`, `font-family="${font},DejaVu Sans,sans-serif"`);
  return completeSvg(fonts, graph, title);
}

function rendererMissing(cause: unknown): VfioNamesError {
  const { code = '', name = '' } = (cause ?? {}) as { code?: unknown; name?: unknown };
  const graphviz = 'draw with Graphviz: vfio-names graph --format dot | dot -Tsvg';
  if (code === noSvg)
    return new VfioNamesError(
      'no-renderer',
      exitStatus.unsupported,
      'expected a build that draws SVG, found the native program',
      { hint: graphviz },
    );
  const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  const found = missing ? 'none' : `one that does not run here (${String(code || name || cause)})`;
  return new VfioNamesError(
    'no-renderer',
    exitStatus.unsupported,
    `expected the package ${vizPackage} to draw with, found ${found}`,
    {
      hint: `${missing ? `npm install ${vizPackage}, or ` : ''}${graphviz}`,
      cause,
    },
  );
}
