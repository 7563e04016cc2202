/** Who may write a policy decides who may open devices: whether a file or directory is safe to obey. Pure. */
import type { Status } from '../system/files.ts';

/**
 * What is wrong with the owner or mode of a policy file or of its directory, as sudo judges its own (sudoers(5));
 * `undefined` where only root may write it. Owner and group count on the machine itself, `root` being empty: a tree below
 * `--root` belongs to who made it.
 */
export function whyNotTrusted(status: Status, root: string): string | undefined {
  const { mode, uid, gid } = status;
  const setId = status.kind === 'file' && (mode & 0o6000) !== 0;
  const othersWrite = (mode & 0o002) !== 0;
  const notRoots = root === '' && (uid !== 0 || ((mode & 0o020) !== 0 && gid !== 0));
  if (!setId && !othersWrite && !notRoots) return undefined;
  return `expected what only root may write, found owner ${uid}:${gid} and mode ${mode.toString(8).padStart(4, '0')}`;
}

/** What mends it. */
export function trustRemedy(path: string): string {
  return `look at what it says, then chown root:root ${path}; chmod u-s,g-ws,o-w ${path}`;
}
