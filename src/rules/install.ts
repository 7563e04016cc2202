/** Installs the compiled rules where an admin's rules live, and takes them away again; only ever files of our own. */
import { attempt, errnoOf, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import type { Files, Held } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import { readHeader } from './header.ts';
import { lookAt, ownDirectory, rulesName } from './place.ts';
import { holdBelow, removeFile, replaceFile, sweep } from './write.ts';

/** What `rules install` and `rules uninstall` do to the one file. */
export interface Installation {
  /** The machine's path of the file. */
  readonly path: string;
  /** The file's text now; absent where there is none. */
  readonly before?: string;
  /** Its text then; absent where it goes. */
  readonly after?: string;
}

export const installPath = `${ownDirectory}/${rulesName}`;

/** Looks what installing `after` (or, absent, removing) means; throws a VfioNamesError (status 1) for a file that is not ours. */
export function planInstallation(files: Files, root: Root, after: string | undefined): Installation {
  const found = lookAt(files, root, installPath);
  const isLink = found && files.lstat(at(root, installPath)).kind === 'symlink';
  const ours = found?.kind === 'text' && !isLink && readHeader(found.text) !== undefined;
  if (found && !ours) {
    const what =
      found.kind === 'masked'
        ? 'turns the rules off (empty, or a link to /dev/null)'
        : 'vfio-names did not make';
    throw new VfioNamesError(
      'rules-not-ours',
      exitStatus.findings,
      `expected no file or one made by vfio-names at ${installPath}, found one that ${what}; move it away first`,
      { path: installPath },
    );
  }
  return {
    path: installPath,
    ...(found?.kind === 'text' && { before: found.text }),
    ...(after !== undefined && { after }),
  };
}

/** Does what was planned, whole or not at all. `token` makes the temporary name this run's own. */
export function carryOut(
  files: Files,
  root: Root,
  { path, before, after }: Installation,
  token: string,
): void {
  if (before === after) return;
  let held: Held | undefined;
  try {
    held = holdBelow(files, root, ownDirectory, after !== undefined);
    sweep(files, held, (pid) => attempt(() => files.stat(`/proc/${pid}`), 'ENOENT') !== undefined);
    if (after === undefined) removeFile(held, rulesName);
    else replaceFile(held, rulesName, after, token);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw ioError(error, after === undefined ? 'remove the rules' : 'install the rules', at(root, path));
  } finally {
    held?.release();
  }
}
