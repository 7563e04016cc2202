/**
 * Computes the changes that turn the existing links into the wanted links. Dry run, apply and verify use the same list.
 */
import { type Claim, claimNode, parentDirectories } from '../names/claims.ts';
import { linkTarget } from '../names/scheme.ts';
import { originalName } from '../system/displace.ts';
import { targetNode } from './ownership.ts';
import { isTemporary, type LinkEntry, type LinkTree } from './tree.ts';

/** A change below /dev/vfio; paths are relative to it. */
export type Change =
  | { readonly action: 'create'; readonly link: string; readonly target: string; readonly name: string }
  | {
      readonly action: 'replace';
      readonly link: string;
      readonly target: string;
      readonly from: string;
      readonly name: string;
    }
  | {
      readonly action: 'remove';
      readonly link: string;
      readonly from: string;
      readonly reason: 'gone' | 'unclaimed' | 'temporary';
    }
  | { readonly action: 'remove-directory'; readonly link: string }
  | {
      /** Something that is not ours has a hidden name, because a run was killed: it is moved back to its path. */
      readonly action: 'restore';
      readonly link: string;
      /** The hidden name, in the same directory. */
      readonly hidden: string;
    }
  | {
      readonly action: 'blocked';
      readonly link: string;
      readonly target: string;
      readonly name: string;
      /** What is there, for a message: `a link to /dev/null`, `a directory`. */
      readonly found: string;
      /** Whether it is a link. */
      readonly isLink: boolean;
    };

type BlockedChange = Extract<Change, { action: 'blocked' }>;

/**
 * The result of a change: `raced` means that another process changed the entry first, so that the caller has to scan again.
 */
export interface Outcome {
  /** The change, as in a plan. */
  readonly change: Change;
  /** `blocked`: something else is in the place of the link. */
  readonly result: 'done' | 'raced' | 'failed' | 'blocked';
  /** The errno; only with `failed`, and with `raced` if a system call failed. */
  readonly errno?: string;
}

/** The device that owns a link, and the group to which the link leads. */
type Winner = Pick<Claim, 'device' | 'group'>;

/**
 * Returns the changes, removals first, sorted by path. An entry that vfio-names does not manage is never changed; a
 * link that it prevents is `blocked`. `present` has the existing nodes of devices and groups: it decides between the reasons
 * `gone` and `unclaimed` of a removal. `others` has the links of other programs, from linksOfOthers().
 */
export function plan(
  wanted: ReadonlyMap<string, Winner>,
  tree: LinkTree,
  present: Pick<ReadonlySet<string>, 'has'>,
  others: ReadonlySet<string> = new Set(),
): Change[] {
  const removedLinks = planRemovals(wanted, tree, present, others);
  // Not push(): a call has at most some hundred thousand arguments.
  const removals = [...removedLinks, ...planDirectories(removedLinks, wanted, tree)];
  const entries = without(tree.entries, removals);
  const additions: Change[] = [];
  wanted.forEach((winner, link) => {
    const change = planOne(link, winner, entries);
    if (change) additions.push(change);
  });
  additions.sort((a, b) => (a.link < b.link ? -1 : 1));
  return [...removals, ...additions];
}

function without(entries: LinkTree['entries'], removals: readonly Change[]): LinkTree['entries'] {
  if (removals.length === 0) return entries;
  const remaining = new Map(entries);
  for (const { action, link } of removals) if (action !== 'restore') remaining.delete(link);
  return remaining;
}

function planOne(link: string, winner: Winner, entries: LinkTree['entries']): Change | undefined {
  const { device } = winner;
  const entry = entries.get(link);
  const target = linkTarget(link, claimNode(winner));
  // The common case. The parents of an existing entry are directories, so they need no check.
  if (entry?.target === target) return undefined;
  const base = { link, target, name: device.name };
  for (const parent of parentDirectories(link)) {
    const above = entries.get(parent);
    if (above && above.kind !== 'directory')
      return { action: 'blocked', ...base, ...describe(parent, above) };
  }
  if (!entry) return { action: 'create', ...base };
  if (entry.target !== undefined && targetNode(link, entry.target) !== undefined)
    return { action: 'replace', ...base, from: entry.target };
  return { action: 'blocked', ...base, ...describe(link, entry) };
}

/** Restores first, then removals sorted by path. */
function planRemovals(
  wanted: ReadonlyMap<string, Winner>,
  tree: LinkTree,
  present: Pick<ReadonlySet<string>, 'has'>,
  others: ReadonlySet<string>,
): Change[] {
  const restores: Change[] = [];
  const removals: Change[] = [];
  tree.entries.forEach(({ target: from }, link) => {
    if (wanted.has(link)) return;
    if (isTemporary(link)) {
      const restore = planRestore(link, from, tree.entries);
      if (restore) restores.push(restore);
    }
    if (from === undefined || others.has(link)) return;
    const node = targetNode(link, from);
    if (node === undefined) return;
    const reason = isTemporary(link) ? 'temporary' : present.has(node) ? 'unclaimed' : 'gone';
    removals.push({ action: 'remove', link, from, reason });
  });
  return [...restores, ...removals.sort((a, b) => (a.link < b.link ? -1 : 1))];
}

/** What is at a hidden name and not a link of ours is moved back. */
function planRestore(
  path: string,
  target: string | undefined,
  entries: LinkTree['entries'],
): Change | undefined {
  const hidden = path.slice(path.lastIndexOf('/') + 1);
  const name = originalName(hidden);
  if (name === undefined || (target !== undefined && targetNode(path, target) !== undefined))
    return undefined;
  const link = `${path.slice(0, -hidden.length)}${name}`;
  return { action: 'restore', link: entries.has(link) ? `${link}.displaced` : link, hidden };
}

/** Directories that these removals empty and that no wanted link needs, the deepest first. */
function planDirectories(
  removals: readonly Change[],
  wanted: ReadonlyMap<string, Winner>,
  tree: LinkTree,
): Change[] {
  const removed = new Set(removals.flatMap(({ action, link }) => (action === 'remove' ? [link] : [])));
  if (removed.size === 0) return [];
  const needed = new Set<string>();
  for (const link of wanted.keys()) addParents(needed, link);
  for (const [link, entry] of tree.entries)
    if (entry.kind !== 'directory' && !removed.has(link)) addParents(needed, link);
  // A directory that was empty before may be somebody else's.
  const emptied = new Set<string>();
  for (const link of removed) addParents(emptied, link);
  for (const [link, entry] of tree.entries)
    if (entry.kind === 'directory' && !emptied.has(link)) addParents(needed.add(link), link);
  for (const directory of tree.unreadable.keys()) addParents(needed.add(directory), directory);
  return [...emptied]
    .filter((link) => !needed.has(link))
    .sort((a, b) => (a < b ? 1 : -1))
    .map((link): Change => ({ action: 'remove-directory', link }));
}

/**
 * Adds the parent directories of a link, innermost first; stops at one that is already in the set, since its parents
 * are too.
 */
function addParents(directories: Set<string>, link: string): void {
  for (let end = link.lastIndexOf('/'); end > 0; end = link.lastIndexOf('/', end - 1)) {
    const parent = link.slice(0, end);
    if (directories.has(parent)) return;
    directories.add(parent);
  }
}

function describe(link: string, entry: LinkEntry): Pick<BlockedChange, 'found' | 'isLink'> {
  if (entry.target !== undefined) return { found: `a link to ${entry.target}`, isLink: true };
  const what: Record<string, string> = {
    directory: 'a directory',
    file: 'a file',
    char: 'a character device',
    block: 'a block device',
  };
  const where = link.includes('/') ? '' : ` at ${link}`;
  return { found: `${what[entry.kind] ?? 'a special file'}${where}`, isLink: false };
}
