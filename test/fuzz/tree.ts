/** Builds a tree of a scene and takes it away again; the names in it are bytes. */
import { mkdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Step } from './hostile.ts';
import type { Snapshot } from './snapshot.ts';

/** What the file system refuses (a name that is too long, a place that is taken) is left out. */
export function build(root: string, steps: readonly Step[]): void {
  mkdirSync(root);
  const made = new Set<string>();
  const directory = (path: Buffer): void => {
    const key = path.toString('latin1');
    if (made.has(key)) return;
    mkdirSync(path, { recursive: true });
    made.add(key);
  };
  for (const { make, path, text = Buffer.alloc(0) } of steps) {
    const whole = Buffer.concat([Buffer.from(root), path]);
    try {
      directory(whole.subarray(0, whole.lastIndexOf('/')));
      if (make === 'directory') directory(whole);
      else if (make === 'file') writeFileSync(whole, text);
      else symlinkSync(text, whole);
    } catch (error) {
      if (!/^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Removes exactly what the snapshot shows, from the bottom up; throws where anything else lies there. */
export function clear(root: string, snapshot: Snapshot): void {
  for (const [path, what] of [...snapshot].reverse()) {
    const whole = Buffer.concat([Buffer.from(root), Buffer.from(path, 'latin1')]);
    if (what === 'directory') rmdirSync(whole);
    else unlinkSync(whole);
  }
  rmdirSync(root);
}
