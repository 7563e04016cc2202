/** Creates and removes the file tree of a scene; file names are bytes. */
import { mkdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Step } from './hostile.ts';
import type { Snapshot } from './snapshot.ts';

/** Creates the tree below `root`. Steps that the file system rejects (name too long, path exists) are skipped. */
export function build(root: string, steps: readonly Step[]): void {
  mkdirSync(root);
  const created = new Set<string>();
  const directory = (path: Buffer): void => {
    const key = path.toString('latin1');
    if (created.has(key)) return;
    mkdirSync(path, { recursive: true });
    created.add(key);
  };
  for (const { kind, path, content = Buffer.alloc(0) } of steps) {
    const fullPath = Buffer.concat([Buffer.from(root), path]);
    try {
      directory(fullPath.subarray(0, fullPath.lastIndexOf('/')));
      if (kind === 'directory') directory(fullPath);
      else if (kind === 'file') writeFileSync(fullPath, content);
      else symlinkSync(content, fullPath);
    } catch (error) {
      if (!/^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Removes the entries of the snapshot, children first; throws if the tree has any other entry. */
export function clear(root: string, snapshot: Snapshot): void {
  for (const [path, value] of [...snapshot].reverse()) {
    const fullPath = Buffer.concat([Buffer.from(root), Buffer.from(path, 'latin1')]);
    if (value === 'directory') rmdirSync(fullPath);
    else unlinkSync(fullPath);
  }
  rmdirSync(root);
}
