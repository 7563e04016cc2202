/** Snapshots of a file tree, and the changes between two that no command may make. */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';

export type Snapshot = ReadonlyMap<string, string>;

/** Returns every path below `root` with its type, and the target of a link or the size of a file. */
export function snapshot(root: string): Snapshot {
  const found = new Map<string, string>();
  const visit = (directory: Buffer): void => {
    for (const entry of readdirSync(directory, { encoding: 'buffer', withFileTypes: true })) {
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      const value = entry.isSymbolicLink()
        ? `-> ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`
        : entry.isDirectory()
          ? 'directory'
          : `file ${lstatSync(path).size}`;
      found.set(path.subarray(root.length).toString('latin1'), value);
      if (entry.isDirectory()) visit(path);
    }
  };
  visit(Buffer.from(root));
  return found;
}

/** Returns the differences, one line each. */
export function* changes(before: Snapshot, after: Snapshot): Generator<string> {
  for (const path of new Set([...before.keys(), ...after.keys()]))
    if (before.get(path) !== after.get(path)) yield `${path}: ${before.get(path)} became ${after.get(path)}`;
}

/** Returns the changes of anything other than links to nodes in directories of links, one line each. */
export function* forbiddenChanges(before: Snapshot, after: Snapshot): Generator<string> {
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [previous, current] = [before.get(path), after.get(path)];
    if (previous === current) continue;
    const change = `${path}: ${previous} became ${current}`;
    if (!path.startsWith('/dev/vfio/') || /^\/dev\/vfio\/(devices|vfio|\d+|noiommu-[^/]*)(\/|$)/.test(path))
      yield `changed ${change}`;
    // Below groups/, links lead to the nodes of groups.
    const [ours, left] = path.startsWith('/dev/vfio/groups/')
      ? [/^-> (\.\.\/)+(noiommu-)?\d+$/, /^-> (\.\.\/)+[^/]+$/]
      : [/^-> (\.\.\/)+devices\/vfio\d+$/, /^-> (\.\.\/)+devices\/[^/]+$/];
    if (current !== undefined && current !== 'directory' && !ours.test(current)) yield `created ${change}`;
    if (previous !== undefined && previous !== 'directory' && !left.test(previous)) yield `removed ${change}`;
  }
}
