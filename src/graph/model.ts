/** Builds the graph from entries: a tree of boxes, similar leaves collected in grids, groups as frames. */
import { compareNatural, sortPaths } from '../devices/order.ts';

/**
 * `used`: bound to VFIO, and a process has it open. `free`: bound to VFIO, not open. `no-node`: bound to
 * VFIO, and neither it nor its group has a node that gives isolation. `host`: bound to another driver. `blocking`: bound to another driver that
 * makes its IOMMU group not viable. `idle`: no driver.
 */
export type Usage = 'used' | 'free' | 'no-node' | 'host' | 'blocking' | 'idle';

export interface Entry {
  /** `/sys/devices/pci0000:00/0000:00:04.0`. All text is unescaped. */
  readonly syspath: string;
  readonly bus: string;
  readonly name: string;
  readonly usage: Usage;
  /** A PCI bridge: class 0x0604. */
  readonly bridge: boolean;
  readonly driver?: string;
  readonly group?: string;
  /** Vendor and product, if the system's hardware database has them. */
  readonly label?: string;
  /** PCI class, `0x030000`. */
  readonly class?: string;
  readonly numaNode?: string;
  readonly mdevType?: string;
  /** For a VF: the name of its physical function, and its index. */
  readonly pf?: string;
  readonly vf?: string;
  /** `vfio3`. */
  readonly node?: string;
  /** `/dev/vfio/14`, for a device of VFIO that has no node of its own. */
  readonly groupNode?: string;
  /** Links of the device, as absolute paths. */
  readonly links?: readonly string[];
  /** Whether all links are correct. */
  readonly linksCorrect?: boolean;
  /** Processes that have it open, each once: `qemu-system-x86 (pid 812)`. */
  readonly holders?: readonly string[];
}

/** A node of the tree. */
export type Box =
  /** A host bridge, or another directory in /sys/devices: `pci0000:00`, `platform`. */
  | { readonly kind: 'root'; readonly id: string; readonly name: string; readonly below: readonly Box[] }
  | { readonly kind: 'device'; readonly id: string; readonly entry: Entry; readonly below: readonly Box[] }
  /** VFs or mediated devices of one parent, if there are too many for separate boxes. */
  | { readonly kind: 'grid'; readonly id: string; readonly family: Family; readonly cells: readonly Entry[] };

export type Family = 'vf' | 'mdev';

export interface Graph {
  readonly roots: readonly Box[];
  /** IOMMU groups that are drawn as frames, sorted by number, with the ids of their boxes. */
  readonly frames: readonly { readonly group: string; readonly boxes: readonly string[] }[];
}

/** Minimum number of VFs or mediated devices of one parent to collect in a grid; fewer get separate boxes. */
const MIN_GRID_CELLS = 3;

/**
 * Builds the graph. `entries` are sorted by path. The parent of a VF is its physical function; other devices
 * have their parent in sysfs.
 */
export function buildGraph(entries: readonly Entry[]): Graph {
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
    const inGrid = new Set(grids.flatMap(({ cells }) => cells));
    const single = below
      .filter((entry) => !inGrid.has(entry))
      .map((entry): Box => {
        const { syspath } = entry;
        return { kind: 'device', id: syspath, entry, below: boxesBelow(syspath) };
      });
    return [...single, ...grids];
  };
  const tops = sortPaths(
    [...children.keys()].filter((path) => !byPath.has(path)),
    (path) => path,
  );
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

/**
 * Returns the path of the nearest ancestor with an entry, or the top directory; for a VF, its physical
 * function.
 */
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
  if (cells.length < MIN_GRID_CELLS) return undefined;
  const sorted = sortPaths(cells, keyOf);
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
 * Returns the groups that get a frame: those with several boxes. Other boxes show their group themselves, and so do the cells
 * of a grid unless all of them have the same group.
 */
function framesOf(roots: readonly Box[]): Graph['frames'] {
  const members = new Map<string, string[]>();
  const visit = (box: Box): void => {
    const group = groupOf(box);
    if (group !== undefined) {
      const known = members.get(group) ?? [];
      members.set(group, known);
      known.push(box.id);
    }
    if (box.kind !== 'grid') for (const child of box.below) visit(child);
  };
  for (const root of roots) visit(root);
  return [...members]
    .filter(([, boxes]) => boxes.length > 1)
    .map(([group, boxes]) => ({ group, boxes }))
    .sort((a, b) => compareNatural(a.group, b.group));
}

/** Returns the group of a box; for a grid, the group that all its cells have, if any. */
export function groupOf(box: Box): string | undefined {
  if (box.kind === 'root') return undefined;
  if (box.kind === 'device') return box.entry.group;
  const groups = new Set(box.cells.map(({ group }) => group));
  return groups.size === 1 ? [...groups][0] : undefined;
}
