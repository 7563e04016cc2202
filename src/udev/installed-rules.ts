/** Finds the rules that udev reads and compares them with those of the policy. */
import { ignoring, tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { plural } from '../text/prose.ts';
import { readHeader } from './syntax.ts';

/** The file's name in every directory: after 50-udev-default, so that GROUP and MODE take effect; before 73-seat-late. */
export const rulesFileName = '70-vfio-names.rules';

/**
 * The rules of [[bind]], in every directory: before 80-drivers, which loads the module that the device's ids ask for. It exists
 * only for a policy with such rules.
 */
export const bindRulesFileName = '60-vfio-names-bind.rules';

/** The administrator's rules directory, to which `rules install` writes. */
export const adminDirectory = '/etc/udev/rules.d';

/** In udev's search order: of several files with one name, only the first is used (udev(7)). Alpine uses /lib. */
const rulesDirectories = [
  adminDirectory,
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
] as const;

/** What exists at the path of a rules file. */
export type RulesFile =
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  /** A file of another name with rules for VFIO names, as on NixOS and Talos, which put all local rules into one file. */
  | { readonly kind: 'embedded'; readonly path: string; readonly text: string }
  /** An empty file or a link to /dev/null: udev ignores the other files of this name. */
  | { readonly kind: 'masked'; readonly path: string }
  | { readonly kind: 'other'; readonly path: string; readonly what: string };

/** What a file of another name has that contains the rules. */
const marks: Readonly<Record<string, RegExp>> = {
  [rulesFileName]: /^# vfio-names scheme=|^[^#\n]*SYMLINK\+="vfio\/pci\//m,
  [bindRulesFileName]: /^LABEL="vfio_names_bind_end"$/m,
};

/** Size limit of a rules file in bytes. */
const MAX_BYTES = 8 << 20;

/**
 * Returns the file that udev reads, or else the first file of another name that has the rules; `undefined` if no directory has
 * one.
 */
export function findRules(files: Files, root: Root, fileName = rulesFileName): RulesFile | undefined {
  for (const directory of rulesDirectories) {
    const found = readRulesFile(files, root, `${directory}/${fileName}`);
    if (found) return found;
  }
  for (const directory of rulesDirectories)
    for (const name of tryOrUndefined(() => files.readdir(pathBelow(root, directory))) ?? []) {
      const path = `${directory}/${name}`;
      // Each of our files is looked for by its own name.
      const found =
        name.endsWith('.rules') && !Object.hasOwn(marks, name)
          ? tryOrUndefined(() => readRulesFile(files, root, path))
          : undefined;
      if (found?.kind === 'text' && marks[fileName]?.test(found.text)) return { ...found, kind: 'embedded' };
    }
  return undefined;
}

/** Reads the file at `path` (without the root's prefix), following a link within the root; `undefined` if it is missing. */
export function readRulesFile(files: Files, root: Root, path: string): RulesFile | undefined {
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

/** Where `rules install` writes the rules of a name, without the root's prefix. */
export function installPathOf(fileName: string): string {
  return `${adminDirectory}/${fileName}`;
}

/** What to do on a system whose rules directory is made by something else. */
export const renderHint =
  "put the output of vfio-names rules render where this system takes udev's rules from";

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
          message: `${file} contains the rules of the policy`,
        }
      : {
          upToDate: false,
          file,
          rulesState: 'edited',
          message: `${file} does not contain ${plural(missing, 'line')} of the rules of the policy`,
          hint: `${renderHint}, in place of the old rules`,
        };
  }
  const header = found.kind === 'text' ? readHeader(found.text) : undefined;
  if (found.kind !== 'text' || !header)
    return {
      upToDate: false,
      file,
      rulesState: 'unmanaged',
      message: `${file} was not made by vfio-names`,
      hint: `move it away, then ${installHint}`,
    };
  if (found.text === wanted)
    return { upToDate: true, file, rulesState: 'current', message: `${file} matches the policy` };
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

/**
 * Compares the file of [[bind]] rules with `wanted`; `undefined` if there is none and the policy has no such rules, or if they
 * are in a file that vfio-names does not write.
 */
export function checkBindRules(
  found: RulesFile | undefined,
  wanted: string | undefined,
): RulesStatus | undefined {
  if (wanted !== undefined) {
    const status = checkRules(found, wanted);
    return status.rulesState === 'missing'
      ? { ...status, message: 'udev has no rules for the drivers of the policy ([[bind]])' }
      : status;
  }
  if (found?.kind !== 'text' || !readHeader(found.text)) return undefined;
  return {
    upToDate: false,
    file: found.path,
    rulesState: 'policy-changed',
    message: `${found.path} has rules for drivers, but the policy has no [[bind]]`,
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
