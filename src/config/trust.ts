/** Checks that only root can write a policy file or directory, because a policy grants access to devices. */
import type { FileStatus } from '../system/files.ts';

/**
 * Returns what is wrong with the owner or mode of a policy file or of its directory, as sudo checks its own files
 * (sudoers(5)); `undefined` if only root may write it. Owner and group are checked only if `root` is empty: a tree below
 * `--root` belongs to the user who created it.
 */
export function trustProblem(status: FileStatus, root: string): string | undefined {
  const { mode, uid, gid } = status;
  const setId = status.kind === 'file' && (mode & 0o6000) !== 0;
  const worldWritable = (mode & 0o002) !== 0;
  const writableByOthers = root === '' && (uid !== 0 || ((mode & 0o020) !== 0 && gid !== 0));
  if (!setId && !worldWritable && !writableByOthers) return undefined;
  return `expected what only root may write, found owner ${uid}:${gid} and mode ${mode.toString(8).padStart(4, '0')}`;
}

/** Returns the hint for a file or directory that is not trusted. */
export function trustHint(path: string): string {
  return `look at what it says, then chown root:root ${path}; chmod u-s,g-ws,o-w ${path}`;
}
