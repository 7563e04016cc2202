/**
 * Records the access that we set on nodes, so that it can be restored when no rule requires it any more, and only then: what
 * an administrator or another udev rule has set since differs from the record. One symbolic link per node in /run, whose
 * target is the record, since creating one is atomic; `.next` is a change that has begun.
 */

import { ignoring, tryOrUndefined } from '../errors.ts';
import type { DirHandle, FileStatus, Files } from '../system/files.ts';
import { openDirBelow, type Root } from '../system/root-path.ts';
import { formatMode } from '../text/prose.ts';

const directory = '/run/vfio-names/.access';

/** The owner, group and mode of a node. */
export interface Permissions {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The parts of the access that we have changed. */
export type ChangedParts = ReadonlySet<keyof Permissions>;

/** `2051 247:3 0:36 0660 uid,gid`: inode, device number, access, changed parts. */
function format(node: FileStatus, { uid, gid, mode }: Permissions, changed: ChangedParts): string {
  return `${node.inode} ${node.devnum} ${uid}:${gid} ${formatMode(mode)} ${[...changed].sort().join(',')}`;
}

const parts = ['uid', 'gid', 'mode'] as const;

export class AccessRecord {
  readonly #files: Files;
  readonly #root: Root;
  #handle: DirHandle | undefined;

  /** Opens the record if there is one and it is to be trusted; if it cannot be read, no node is recorded. */
  constructor(files: Files, root: Root, isTrusted: boolean) {
    this.#files = files;
    this.#root = root;
    if (isTrusted) this.#handle = tryOrUndefined(() => openDirBelow(files, root, directory, false));
  }

  get isEmpty(): boolean {
    return this.#handle === undefined;
  }

  /**
   * The parts of the node's access that we have changed; `undefined` if its present access is not the one that we set on
   * this node. `key` is the last part of the node's path.
   */
  changedParts(key: string, node: FileStatus): ChangedParts | undefined {
    for (const name of [key, `${key}.next`]) {
      const text = this.#read(name);
      const names = text?.slice(text.lastIndexOf(' ') + 1).split(',') ?? [];
      const changed = new Set(parts.filter((part) => names.includes(part)));
      if (text !== undefined && text === format(node, node, changed)) return changed;
    }
    return undefined;
  }

  /** Records a change before it is made. Throws the errno of the failed call. */
  begin(key: string, node: FileStatus, wanted: Permissions, changed: ChangedParts): void {
    this.#handle ??= openDirBelow(this.#files, this.#root, directory, true);
    this.#remove(`${key}.next`);
    this.#files.symlink(format(node, wanted, changed), `${this.#handle.path}/${key}.next`);
  }

  /** Ends a change that was made. */
  commit(key: string): void {
    const path = `${this.#handle?.path}/${key}`;
    ignoring(() => this.#files.rename(`${path}.next`, path), 'ENOENT');
  }

  /** Ends a change that was not made. */
  abort(key: string): void {
    this.#remove(`${key}.next`);
  }

  forget(key: string): void {
    this.#remove(key);
    this.#remove(`${key}.next`);
  }

  /** Forgets all nodes except these. */
  prune(keys: ReadonlySet<string>): void {
    const path = this.#handle?.path;
    const names = path === undefined ? [] : tryOrUndefined(() => this.#files.readdir(path));
    for (const name of names ?? []) if (!keys.has(name.replace(/\.next$/, ''))) this.#remove(name);
  }

  release(): void {
    this.#handle?.release();
    this.#handle = undefined;
  }

  #read(name: string): string | undefined {
    if (!this.#handle) return undefined;
    return tryOrUndefined(() => this.#files.readlink(`${this.#handle?.path}/${name}`));
  }

  #remove(name: string): void {
    if (!this.#handle) return;
    // A record that stays matches no node, or the same access again.
    tryOrUndefined(() => this.#files.unlink(`${this.#handle?.path}/${name}`));
  }
}
