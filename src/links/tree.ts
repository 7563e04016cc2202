/** What lies below /dev/vfio in the directories of names. Types, and which of it is ours. Pure. */
import type { Kind } from '../system/files.ts';

/** Every temporary name begins so; a run that was killed leaves one, the next run removes it. */
export const temporaryPrefix = '.vfio-names-';

/** One entry; `target` only for links. A link that came while it was looked at has none. */
export interface Entry {
  readonly kind: Kind;
  readonly target?: string;
}

/** Entries by their path relative to /dev/vfio; directories with them. */
export interface Tree {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Paths that could not be read, with the errno, or `too deep`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * The `vfioN` that a link names, if it is a relative link to `devices/` from its own depth: only such a link may be
 * replaced or removed. `undefined` for any other target.
 */
export function nodeOfTarget(link: string, target: string): string | undefined {
  const prefix = `${'../'.repeat(link.split('/').length - 1)}devices/`;
  const node = target.slice(prefix.length);
  return target.startsWith(prefix) && /^[^/]+$/.test(node) && node !== '.' && node !== '..'
    ? node
    : undefined;
}

/** Whether the path is a temporary name of a run of ours. */
export function isTemporary(link: string): boolean {
  return link.slice(link.lastIndexOf('/') + 1).startsWith(temporaryPrefix);
}
