/** A tree as it is, byte for byte, and what no command may have changed in it. */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';

export type Snapshot = ReadonlyMap<string, string>;

/** Every path below `root` with what is there. */
export function snapshot(root: string): Snapshot {
  const found = new Map<string, string>();
  const visit = (directory: Buffer): void => {
    for (const entry of readdirSync(directory, { encoding: 'buffer', withFileTypes: true })) {
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      const what = entry.isSymbolicLink()
        ? `-> ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`
        : entry.isDirectory()
          ? 'directory'
          : `file ${lstatSync(path).size}`;
      found.set(path.subarray(root.length).toString('latin1'), what);
      if (entry.isDirectory()) visit(path);
    }
  };
  visit(Buffer.from(root));
  return found;
}

/** What is different, a line each. */
export function* changes(before: Snapshot, after: Snapshot): Generator<string> {
  for (const path of new Set([...before.keys(), ...after.keys()]))
    if (before.get(path) !== after.get(path)) yield `${path}: ${before.get(path)} became ${after.get(path)}`;
}

/** Only links to nodes come, go or change, and only in directories of names. */
export function* wrongChanges(before: Snapshot, after: Snapshot): Generator<string> {
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === now) continue;
    const what = `${path}: ${old} became ${now}`;
    if (!path.startsWith('/dev/vfio/') || /^\/dev\/vfio\/(devices|vfio|\d+|noiommu-[^/]*)(\/|$)/.test(path))
      yield `changed ${what}`;
    if (now !== undefined && now !== 'directory' && !/^-> (\.\.\/)+devices\/vfio\d+$/.test(now))
      yield `made ${what}`;
    if (old !== undefined && old !== 'directory' && !/^-> (\.\.\/)+devices\/[^/]+$/.test(old))
      yield `took ${what}`;
  }
}
