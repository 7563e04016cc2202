/** What has to change so that the links are those that are wanted. Pure: dry run, apply and verify read the same list. */
import type { Wanted } from '../names/desire.ts';
import type { Change } from './change.ts';
import { type Entry, isOurs, isTemporary, nodeOfTarget, type Tree } from './tree.ts';

/**
 * The changes, removals first, in the order of their paths. A thing that is not ours is never touched: it is `blocked`.
 * `present` are the `vfioN` that exist, to tell a left-over link from one that is not wanted any more.
 */
export function plan(
  wanted: ReadonlyMap<string, Wanted>,
  tree: Tree,
  present: ReadonlySet<string>,
): Change[] {
  const removals = planRemovals(wanted, tree, present);
  removals.push(...planDirectories(removals, wanted, tree));
  const entries = new Map(tree.entries);
  for (const { link } of removals) entries.delete(link);
  const additions: Change[] = [];
  for (const link of [...wanted.keys()].sort()) {
    const change = planOne(link, wanted.get(link), entries);
    if (change) additions.push(change);
  }
  return [...removals, ...additions];
}

function planOne(link: string, want: Wanted | undefined, entries: Tree['entries']): Change | undefined {
  if (!want) return undefined;
  const device = want.device.name;
  const base = { link, target: want.target, device };
  const blocker = parentsOf(link).find(
    (parent) => (entries.get(parent)?.kind ?? 'directory') !== 'directory',
  );
  if (blocker !== undefined)
    return { action: 'blocked', ...base, found: describe(blocker, entries.get(blocker)) };
  const entry = entries.get(link);
  if (!entry) return { action: 'create', ...base };
  if (entry.target === want.target) return undefined;
  if (entry.target !== undefined && isOurs(link, entry))
    return { action: 'replace', ...base, from: entry.target };
  return { action: 'blocked', ...base, found: describe(link, entry) };
}

function planRemovals(
  wanted: ReadonlyMap<string, Wanted>,
  tree: Tree,
  present: ReadonlySet<string>,
): Change[] {
  const removals: Change[] = [];
  for (const [link, entry] of tree.entries) {
    if (entry.kind !== 'symlink' || entry.target === undefined || wanted.has(link)) continue;
    if (isTemporary(link)) removals.push({ action: 'remove', link, from: entry.target, reason: 'temporary' });
    else if (isOurs(link, entry)) {
      const reason = present.has(nodeOfTarget(link, entry.target) ?? '') ? 'unwanted' : 'gone';
      removals.push({ action: 'remove', link, from: entry.target, reason });
    }
  }
  return removals.sort((a, b) => (a.link < b.link ? -1 : 1));
}

/** Directories in which nothing will be left and nothing is wanted, the deepest first. */
function planDirectories(
  removals: readonly Change[],
  wanted: ReadonlyMap<string, Wanted>,
  tree: Tree,
): Change[] {
  const removed = new Set(removals.map((change) => change.link));
  const needed = new Set([...wanted.keys()].flatMap(parentsOf));
  for (const [link] of tree.entries)
    if (!removed.has(link) && tree.entries.get(link)?.kind !== 'directory')
      for (const parent of parentsOf(link)) needed.add(parent);
  for (const directory of tree.unreadable.keys())
    for (const parent of [directory, ...parentsOf(directory)]) needed.add(parent);
  return [...tree.entries]
    .filter(([link, entry]) => entry.kind === 'directory' && !needed.has(link))
    .map(([link]): Change => ({ action: 'remove-directory', link }))
    .sort((a, b) => (a.link < b.link ? 1 : -1));
}

/** The directories above a link, the outermost first: `by-sriov` and `by-sriov/0000:01:00.0`. */
export function parentsOf(link: string): string[] {
  const parts = link.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function describe(link: string, entry: Entry | undefined): string {
  if (entry?.target !== undefined) return `a link to ${entry.target}`;
  const what: Record<string, string> = {
    directory: 'a directory',
    file: 'a file',
    char: 'a character device',
    block: 'a block device',
  };
  return `${what[entry?.kind ?? 'other'] ?? 'a special file'}${link.includes('/') ? '' : ` at ${link}`}`;
}
