/** Draws a graph: Graphviz as WebAssembly, an optional package that only this file asks for. Knows nothing of devices. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { font } from './dot.ts';

/** The package, so that whoever packs this program finds the name in one place. */
export const drawer = '@viz-js/viz';

/** What this file uses of it. */
interface Viz {
  readonly renderString: (
    dot: string,
    options: { readonly format: string; readonly engine: string },
  ) => string;
}

/** How the package is got; tests have another way. */
export type LoadViz = () => Promise<{ readonly instance: () => Promise<Viz> }>;

const load: LoadViz = () => {
  // node --jitless has none; the package would say so in words of its own.
  if (!('WebAssembly' in globalThis)) throw new ReferenceError('WebAssembly is not defined');
  return import('@viz-js/viz');
};

/**
 * The SVG of a graph in Graphviz's language. Throws VfioNamesError `no-drawer` (status 5) where the package is not installed
 * or can't run here.
 */
export async function drawSvg(dot: string, loadViz: LoadViz = load): Promise<string> {
  let viz: Viz;
  try {
    viz = await (await loadViz()).instance();
  } catch (error) {
    throw noDrawer(error);
  }
  const svg = viz.renderString(dot, { format: 'svg', engine: 'dot' });
  // Only in an attribute: Graphviz writes a quotation mark of a text as an entity.
  return svg.replaceAll(`font-family="${font}"`, `font-family="${font},DejaVu Sans,sans-serif"`);
}

function noDrawer(cause: unknown): VfioNamesError {
  const { code = '', name = '' } = (cause ?? {}) as { code?: unknown; name?: unknown };
  const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  const found = missing ? 'none' : `one that does not run here (${String(code || name || cause)})`;
  return new VfioNamesError(
    'no-drawer',
    exitStatus.unsupported,
    `expected the package ${drawer} to draw with, found ${found}; ${missing ? `npm install ${drawer}, or ` : ''}draw with Graphviz: vfio-names graph --format dot | dot -Tsvg`,
    { cause },
  );
}
