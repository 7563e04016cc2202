/** Installs the compiled rules in the administrator's rules directory, and removes them; only touches generated files. */
import { errnoOf, exitStatus, ignoring, ioError, VfioNamesError } from '../errors.ts';
import type { DirHandle, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import { readHeader } from './header.ts';
import { adminDirectory, readRulesFile, rulesFileName } from './place.ts';
import { openDirBelow, removeFile, removeStaleTemporaries, replaceFile } from './write.ts';

/** The change that `rules install` or `rules uninstall` makes to the rules file. */
export interface RulesChange {
  /** The path of the file on the machine. */
  readonly path: string;
  /** The current text; absent if the file does not exist. */
  readonly before?: string;
  /** The new text; absent if the file is to be removed. */
  readonly after?: string;
}

export const installPath = `${adminDirectory}/${rulesFileName}`;

/**
 * Plans the installation of `after`, or the removal if it is `undefined`. Throws VfioNamesError `rules-not-ours`
 * (status 1) if vfio-names did not generate the existing file.
 */
export function planRulesChange(files: Files, root: Root, after: string | undefined): RulesChange {
  const found = readRulesFile(files, root, installPath);
  const isLink = found && files.lstat(pathBelow(root, installPath)).kind === 'symlink';
  const ours = found?.kind === 'text' && !isLink && readHeader(found.text) !== undefined;
  if (found && !ours) {
    const reason =
      found.kind === 'masked'
        ? 'turns the rules off (empty, or a link to /dev/null)'
        : 'vfio-names did not make';
    throw new VfioNamesError(
      'rules-not-ours',
      exitStatus.findings,
      `expected no file or one made by vfio-names at ${installPath}, found one that ${reason}; move it away first`,
      { path: installPath },
    );
  }
  return {
    path: installPath,
    ...(found?.kind === 'text' && { before: found.text }),
    ...(after !== undefined && { after }),
  };
}

/**
 * Applies the planned change atomically. `token` makes the name of the temporary file unique to this run. Throws
 * VfioNamesError if a system call fails.
 */
export function applyRulesChange(
  files: Files,
  root: Root,
  { path, before, after }: RulesChange,
  token: string,
): void {
  if (before === after) return;
  let dir: DirHandle | undefined;
  try {
    dir = openDirBelow(files, root, adminDirectory, after !== undefined);
    removeStaleTemporaries(
      files,
      dir,
      (pid) => ignoring(() => files.stat(`/proc/${pid}`), 'ENOENT') !== undefined,
    );
    if (after === undefined) removeFile(dir, rulesFileName);
    else replaceFile(dir, rulesFileName, after, token);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw ioError(
      error,
      after === undefined ? 'remove the rules' : 'install the rules',
      pathBelow(root, path),
    );
  } finally {
    dir?.release();
  }
}
