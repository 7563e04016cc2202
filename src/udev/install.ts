/** Installs the compiled rules in the administrator's rules directory, and removes them; only touches generated files. */
import {
  errnoOf,
  exitStatus,
  explainErrno,
  ioError,
  isPermissionErrno,
  tryOrUndefined,
  VfioNamesError,
} from '../errors.ts';
import { isGeneratedFile, removeFile, replaceFile, sweepTemporaries } from '../system/atomic-file.ts';
import type { DirHandle, Files, SystemFiles } from '../system/files.ts';
import { openDirBelow, pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import {
  adminDirectory,
  installPathOf,
  readRulesFile,
  renderHint,
  rulesFileName,
} from './installed-rules.ts';
import { readHeader } from './syntax.ts';

/** The change that `rules install` or `rules uninstall` makes to the rules file. */
export interface RulesChange {
  /** The path of the file on the machine. */
  readonly path: string;
  /** The current text; absent if the file does not exist. */
  readonly before?: string;
  /** The new text; absent if the file is to be removed. */
  readonly after?: string;
}

/**
 * Plans the installation of `after`, or the removal if it is `undefined`. Throws VfioNamesError `file-unmanaged`
 * (status 1) if vfio-names did not generate the existing file.
 */
export function planRulesChange(
  files: Files,
  root: Root,
  after: string | undefined,
  fileName = rulesFileName,
): RulesChange {
  const path = installPathOf(fileName);
  const found = readRulesFile(files, root, path);
  const current = found?.kind === 'text' ? found.text : undefined;
  if (current !== after) rejectLinkedDirectory(files, root);
  const isLink = found && files.lstat(pathBelow(root, path)).kind === 'symlink';
  const ours = found?.kind === 'text' && !isLink && readHeader(found.text) !== undefined;
  if (found && !ours) {
    const reason =
      found.kind === 'masked'
        ? 'turns the rules off (empty, or a link to /dev/null)'
        : 'vfio-names did not make';
    throw unmanagedError(path, reason);
  }
  return {
    path,
    ...(found?.kind === 'text' && { before: found.text }),
    ...(after !== undefined && { after }),
  };
}

function unmanagedError(path: string, reason: string): VfioNamesError {
  return new VfioNamesError(
    'file-unmanaged',
    exitStatus.findings,
    `expected no file or one made by vfio-names at ${path}, found one that ${reason}`,
    { hint: 'move it away first', path },
  );
}

/** Throws VfioNamesError `directory-unmanaged` (status 1) if the rules directory, or one above it, is not a directory. */
function rejectLinkedDirectory(files: Files, root: Root): void {
  const parts = adminDirectory.split('/').slice(1);
  for (const [index] of parts.entries()) {
    const path = `/${parts.slice(0, index + 1).join('/')}`;
    const kind = tryOrUndefined(() => files.lstat(pathBelow(root, path)))?.kind;
    if (kind === undefined || kind === 'directory') continue;
    const target = tryOrUndefined(() => files.readlink(pathBelow(root, path)));
    throw new VfioNamesError(
      'directory-unmanaged',
      exitStatus.findings,
      `expected a directory at ${path}, found a ${target === undefined ? kind : `link to ${printable(target)}`}`,
      { hint: renderHint, path },
    );
  }
}

/**
 * Applies the planned change atomically. `token` makes the name of the temporary file unique to this run. Throws
 * VfioNamesError if a system call fails.
 */
export function applyRulesChange(
  files: SystemFiles,
  root: Root,
  { path, before, after }: RulesChange,
  token: string,
): void {
  const isOurs = isGeneratedFile(files, (text) => readHeader(text) !== undefined);
  if (before === after) {
    // A run that was killed may have left its file all the same.
    tryOrUndefined(() => {
      const dir = openDirBelow(files, root, adminDirectory, false);
      sweepTemporaries(files, dir, isOurs);
      dir.release();
    });
    return;
  }
  let dir: DirHandle | undefined;
  try {
    dir = openDirBelow(files, root, adminDirectory, after !== undefined);
    sweepTemporaries(files, dir, isOurs);
    const done =
      after === undefined
        ? removeFile(files, dir, baseName(path), token, isOurs)
        : replaceFile(files, dir, { name: baseName(path), text: after, isOurs, durable: true }, token);
    if (!done) throw unmanagedError(path, 'vfio-names did not make');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const reason =
      errno === 'EROFS' ? 'is on a read-only file system' : `cannot be changed: ${explainErrno(errno)}`;
    if (errno === 'EROFS' || isPermissionErrno(errno))
      throw new VfioNamesError(
        errno,
        exitStatus.notPermitted,
        `could not ${after === undefined ? 'remove' : 'install'} the rules: ${adminDirectory} ${reason}`,
        {
          hint: errno === 'EROFS' ? renderHint : `run it as root; if root may not, ${renderHint}`,
          path,
          cause: error,
        },
      );
    throw ioError(
      error,
      after === undefined ? 'remove the rules' : 'install the rules',
      pathBelow(root, path),
    );
  } finally {
    dir?.release();
  }
}
