/** Installs the compiled rules in the administrator's rules directory, and removes them; only touches generated files. */
import {
  errnoOf,
  exitStatus,
  ignoring,
  ioError,
  isPermissionErrno,
  tryOrUndefined,
  VfioNamesError,
} from '../errors.ts';
import { isGeneratedFile, removeFile, replaceFile, sweepTemporaries } from '../system/atomic-file.ts';
import type { DirHandle, Files, SystemFiles } from '../system/files.ts';
import { openDirBelow, pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { plural } from '../text/prose.ts';
import { readHeader } from './syntax.ts';

/** The file's name in every directory: after 50-udev-default, so that GROUP and MODE take effect; before 73-seat-late. */
export const rulesFileName = '70-vfio-names.rules';

/** The administrator's rules directory, to which `rules install` writes. */
const adminDirectory = '/etc/udev/rules.d';

/** In udev's search order: of several files with one name, only the first is used (udev(7)). Alpine uses /lib. */
export const rulesDirectories = [
  adminDirectory,
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
] as const;

/** What exists at the path of a rules file. */
type RulesFile =
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  /** A file of another name with rules for VFIO names, as on NixOS and Talos, which put all local rules into one file. */
  | { readonly kind: 'embedded'; readonly path: string; readonly text: string }
  /** An empty file or a link to /dev/null: udev ignores the other files of this name. */
  | { readonly kind: 'masked'; readonly path: string }
  | { readonly kind: 'other'; readonly path: string; readonly what: string };

/** Size limit of a rules file in bytes. */
const MAX_BYTES = 8 << 20;

/**
 * Returns the file that udev reads, or else the first file of another name that has the rules; `undefined` if no directory has
 * one.
 */
export function findRules(files: Files, root: Root): RulesFile | undefined {
  for (const directory of rulesDirectories) {
    const found = readRulesFile(files, root, `${directory}/${rulesFileName}`);
    if (found) return found;
  }
  for (const directory of rulesDirectories)
    for (const name of tryOrUndefined(() => files.readdir(pathBelow(root, directory))) ?? []) {
      const path = `${directory}/${name}`;
      const found = name.endsWith('.rules')
        ? tryOrUndefined(() => readRulesFile(files, root, path))
        : undefined;
      if (found?.kind === 'text' && /^# vfio-names scheme=|^[^#\n]*SYMLINK\+="vfio\/pci\//m.test(found.text))
        return { ...found, kind: 'embedded' };
    }
  return undefined;
}

/** Reads the file at `path` (without the root's prefix), following a link within the root; `undefined` if it is missing. */
function readRulesFile(files: Files, root: Root, path: string): RulesFile | undefined {
  const status = ignoring(() => files.lstat(pathBelow(root, path)), 'ENOENT', 'ENOTDIR');
  if (!status) return undefined;
  if (status.kind === 'symlink') {
    const target = files.readlink(pathBelow(root, path));
    if (target === '/dev/null') return { kind: 'masked', path };
    const resolved = target.startsWith('/') ? target : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
    return readText(files, root, path, resolved);
  }
  return readText(files, root, path, path);
}

function readText(files: Files, root: Root, path: string, resolved: string): RulesFile {
  const status = ignoring(() => files.lstat(pathBelow(root, resolved)), 'ENOENT', 'ENOTDIR');
  if (status?.kind !== 'file') return { kind: 'other', path, what: `a ${status?.kind ?? 'dangling link'}` };
  const text = files.read(pathBelow(root, resolved), MAX_BYTES);
  return text === '' ? { kind: 'masked', path } : { kind: 'text', path, text };
}

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
 * Plans the installation of `after`, or the removal if it is `undefined`. Throws VfioNamesError `file-unmanaged`
 * (status 1) if vfio-names did not generate the existing file.
 */
export function planRulesChange(files: Files, root: Root, after: string | undefined): RulesChange {
  const found = readRulesFile(files, root, installPath);
  const current = found?.kind === 'text' ? found.text : undefined;
  if (current !== after) rejectLinkedDirectory(files, root);
  const isLink = found && files.lstat(pathBelow(root, installPath)).kind === 'symlink';
  const ours = found?.kind === 'text' && !isLink && readHeader(found.text) !== undefined;
  if (found && !ours) {
    const reason =
      found.kind === 'masked'
        ? 'turns the rules off (empty, or a link to /dev/null)'
        : 'vfio-names did not make';
    throw unmanagedError(reason);
  }
  return {
    path: installPath,
    ...(found?.kind === 'text' && { before: found.text }),
    ...(after !== undefined && { after }),
  };
}

function unmanagedError(reason: string): VfioNamesError {
  return new VfioNamesError(
    'file-unmanaged',
    exitStatus.findings,
    `expected no file or one made by vfio-names at ${installPath}, found one that ${reason}`,
    { hint: 'move it away first', path: installPath },
  );
}

/** What to do on a system whose rules directory is made by something else. */
const renderHint = "put the output of vfio-names rules render where this system takes udev's rules from";

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
        ? removeFile(files, dir, rulesFileName, token, isOurs)
        : replaceFile(files, dir, { name: rulesFileName, text: after, isOurs, durable: true }, token);
    if (!done) throw unmanagedError('vfio-names did not make');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const reason = errno === 'EROFS' ? 'is on a read-only file system' : `can not be changed (${errno})`;
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

export interface RulesStatus {
  readonly upToDate: boolean;
  /** The file that udev reads; absent if there is no file. */
  readonly file?: string;
  /** `current`, or why the rules are not current. */
  readonly rulesState: 'current' | 'missing' | 'masked' | 'unmanaged' | 'policy-changed' | 'edited';
  readonly message: string;
  readonly hint?: string;
}

const installHint = 'run vfio-names rules install';

/** Compares the rules file with `wanted`, the text compiled from the current policy. */
export function checkRules(found: RulesFile | undefined, wanted: string): RulesStatus {
  if (!found)
    return {
      upToDate: false,
      rulesState: 'missing',
      message: 'udev has no rules for VFIO names',
      hint: installHint,
    };
  const { path: file } = found;
  if (found.kind === 'masked')
    return {
      upToDate: false,
      file,
      rulesState: 'masked',
      message: `${file} turns the rules off (it is empty or leads to /dev/null)`,
      hint: 'remove it to have them',
    };
  if (found.kind === 'embedded') {
    const missing = ruleLines(wanted).filter((line) => !ruleLines(found.text).includes(line)).length;
    return missing === 0
      ? {
          upToDate: true,
          file,
          rulesState: 'current',
          message: `${file} has the rules that the policy gives`,
        }
      : {
          upToDate: false,
          file,
          rulesState: 'edited',
          message: `${file} lacks ${plural(missing, 'line')} of the rules that the policy gives`,
          hint: `${renderHint}, in place of the old rules`,
        };
  }
  const header = found.kind === 'text' ? readHeader(found.text) : undefined;
  if (found.kind !== 'text' || !header)
    return {
      upToDate: false,
      file,
      rulesState: 'unmanaged',
      message: `${file} is not made by vfio-names`,
      hint: `move it away, then ${installHint}`,
    };
  if (found.text === wanted)
    return { upToDate: true, file, rulesState: 'current', message: `${file} is what the policy gives` };
  const current = readHeader(wanted);
  const same = header.policy === current?.policy && header.scheme === current.scheme;
  return same
    ? {
        upToDate: false,
        file,
        rulesState: 'edited',
        message: `${file} was edited, or made by another version of vfio-names`,
        hint: installHint,
      }
    : {
        upToDate: false,
        file,
        rulesState: 'policy-changed',
        message: `${file} is of policy ${shortHash(header.policy)}, expected ${shortHash(current?.policy)}`,
        hint: installHint,
      };
}

/** The lines that are rules, not comments. */
function ruleLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function shortHash(policy: string | undefined): string {
  return policy === undefined ? 'none' : policy.slice(0, 12);
}
