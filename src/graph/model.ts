/** From entries to a picture's parts: a tree of boxes, alike leaves gathered in grids, groups as frames. Pure; knows no format. */
import { naturalOrder } from '../devices/order.ts';
import type { Entry } from './entry.ts';

/** A place in the tree. */
export type Box =
  /** A host bridge, or another top of /sys/devices: `pci0000:00`, `platform`. */
  | { readonly kind: 'root'; readonly id: string; readonly name: string; readonly below: readonly Box[] }
  | { readonly kind: 'device'; readonly id: string; readonly entry: Entry; readonly below: readonly Box[] }
  /** VFs or mediated devices of one parent, too many for a box each. */
  | { readonly kind: 'grid'; readonly id: string; readonly family: Family; readonly cells: readonly Entry[] };

export type Family = 'vf' | 'mdev';

export interface Graph {
  readonly roots: readonly Box[];
  /** IOMMU groups that are drawn as frames, with the ids of the boxes in them, in order of their numbers. */
  readonly frames: readonly { readonly group: string; readonly boxes: readonly string[] }[];
}

/** So many VFs or mediated devices of one parent are gathered; fewer have a box each. */
export const fewest = 3;

/** `entries` are sorted by path. A VF hangs below its physical function, everything else below what sysfs has it in. */
export function graphOf(entries: readonly Entry[]): Graph {
  const byPath = new Map(entries.map((entry) => [entry.syspath, entry]));
  const children = new Map<string, Entry[]>();
  for (const entry of entries) {
    const parent = parentOf(entry, byPath);
    const siblings = children.get(parent);
    if (siblings) siblings.push(entry);
    else children.set(parent, [entry]);
  }
  const boxesBelow = (path: string): Box[] => {
    const below = children.get(path) ?? [];
    const grids = (['vf', 'mdev'] as const).flatMap((family) => gridOf(path, family, below, children) ?? []);
    const gathered = new Set(grids.flatMap(({ cells }) => cells));
    const single = below
      .filter((entry) => !gathered.has(entry))
      .map((entry): Box => {
        const { syspath } = entry;
        return { kind: 'device', id: syspath, entry, below: boxesBelow(syspath) };
      });
    return [...single, ...grids];
  };
  const tops = [...children.keys()].filter((path) => !byPath.has(path)).sort(naturalOrder);
  const roots = tops.map(
    (path): Box => ({
      kind: 'root',
      id: path,
      name: path.slice('/sys/devices/'.length),
      below: boxesBelow(path),
    }),
  );
  return { roots, frames: framesOf(roots) };
}

/** The nearest entry above, or the top directory; for a VF its physical function. */
function parentOf({ syspath, pf }: Entry, entries: ReadonlyMap<string, Entry>): string {
  const beside = syspath.slice(0, syspath.lastIndexOf('/'));
  if (pf !== undefined && entries.has(`${beside}/${pf}`)) return `${beside}/${pf}`;
  for (let path = beside; ; path = path.slice(0, path.lastIndexOf('/')))
    if (entries.has(path) || path.split('/').length <= 4) return path;
}

type Grid = Extract<Box, { kind: 'grid' }>;

function gridOf(
  path: string,
  family: Family,
  below: readonly Entry[],
  children: ReadonlyMap<string, readonly Entry[]>,
): Grid | undefined {
  const cells = below.filter((entry) => familyOf(entry) === family && !children.has(entry.syspath));
  if (cells.length < fewest) return undefined;
  const sorted = cells.sort((a, b) => naturalOrder(keyOf(a), keyOf(b)));
  return { kind: 'grid', id: `${path} ${family}`, family, cells: sorted };
}

function keyOf({ vf, name }: Entry): string {
  return vf ?? name;
}

function familyOf({ bus, vf, pf }: Entry): Family | undefined {
  if (bus === 'mdev') return 'mdev';
  return vf !== undefined && pf !== undefined ? 'vf' : undefined;
}

/**
 * A group is framed where it has several boxes, or one that is VFIO's. Any other says its group itself, and so do the cells
 * of a grid, unless they have one group all together.
 */
function framesOf(roots: readonly Box[]): Graph['frames'] {
  const members = new Map<string, { readonly boxes: string[]; worthy: boolean }>();
  const visit = (box: Box): void => {
    const group = groupOf(box);
    if (group !== undefined) {
      const known = members.get(group) ?? { boxes: [], worthy: false };
      members.set(group, known);
      known.boxes.push(box.id);
      known.worthy ||= known.boxes.length > 1 || (box.kind === 'device' && isOurs(box.entry));
    }
    if (box.kind !== 'grid') for (const one of box.below) visit(one);
  };
  for (const root of roots) visit(root);
  return [...members]
    .filter(([, { worthy }]) => worthy)
    .map(([group, { boxes }]) => ({ group, boxes }))
    .sort((a, b) => naturalOrder(a.group, b.group));
}

function isOurs({ state }: Entry): boolean {
  return state === 'used' || state === 'free' || state === 'no-node';
}

/** Of a grid the one that all its cells have. */
export function groupOf(box: Box): string | undefined {
  if (box.kind === 'root') return undefined;
  if (box.kind === 'device') return box.entry.group;
  const groups = new Set(box.cells.map(({ group }) => group));
  return groups.size === 1 ? [...groups][0] : undefined;
}
