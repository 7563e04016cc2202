/** The entries of the link directories below /dev/vfio, and which of them vfio-names manages. */
import type { FileKind } from '../system/files.ts';

/** The prefix of temporary names. A killed run leaves such a name behind; the next run removes it. */
export const temporaryPrefix = '.vfio-names-';

/**
 * One entry; `target` only for links. It is absent if the link was created between the two system calls that read it.
 */
export interface LinkEntry {
  readonly kind: FileKind;
  readonly target?: string;
}

/** Entries, directories included, by their path relative to /dev/vfio. */
export interface LinkTree {
  readonly entries: ReadonlyMap<string, LinkEntry>;
  /** Paths that could not be read, with the errno, or `too deep`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Returns the `vfioN` that a link leads to, if the target is the relative path of a node in /dev/vfio/devices. Only
 * such a link may be replaced or removed; `undefined` for any other target.
 */
export function targetNode(link: string, target: string): string | undefined {
  const prefix = `${'../'.repeat(link.split('/').length - 1)}devices/`;
  const node = target.slice(prefix.length);
  return target.startsWith(prefix) && /^[^/]+$/.test(node) && node !== '.' && node !== '..'
    ? node
    : undefined;
}

/** Whether the path is a temporary name of vfio-names. */
export function isTemporary(link: string): boolean {
  return link.slice(link.lastIndexOf('/') + 1).startsWith(temporaryPrefix);
}
