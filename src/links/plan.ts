/** What has to change so that the links are those that are wanted. Pure: dry run, apply and verify read the same list. */
import type { Claim } from '../names/desire.ts';
import { parentsOf } from '../names/parents.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Change } from './change.ts';
import { type Entry, isTemporary, nodeOfTarget, type Tree } from './tree.ts';

/** The device that gets a link. */
type Winner = Pick<Claim, 'device'>;

/**
 * The changes, removals first, in the order of their paths. A thing that is not ours is never touched: it is `blocked`.
 * `present` are the devices' nodes that exist, to tell a left-over link from one that is not wanted any more.
 */
export function plan(
  wanted: ReadonlyMap<string, Winner>,
  tree: Tree,
  present: Pick<ReadonlySet<string>, 'has'>,
): Change[] {
  const removals = planRemovals(wanted, tree, present);
  removals.push(...planDirectories(removals, wanted, tree));
  const entries = without(tree.entries, removals);
  const additions: Change[] = [];
  for (const [link, want] of wanted) {
    const change = planOne(link, want, entries);
    if (change) additions.push(change);
  }
  additions.sort((a, b) => (a.link < b.link ? -1 : 1));
  return [...removals, ...additions];
}

function without(entries: Tree['entries'], removals: readonly Change[]): Tree['entries'] {
  if (removals.length === 0) return entries;
  const rest = new Map(entries);
  for (const { link } of removals) rest.delete(link);
  return rest;
}

function planOne(link: string, { device }: Winner, entries: Tree['entries']): Change | undefined {
  const entry = entries.get(link);
  const target = linkTarget(link, device.sysname);
  // What is right is most of it. What is there lies in directories, so that nothing blocks it.
  if (entry?.target === target) return undefined;
  const base = { link, target, device: device.name };
  for (const parent of parentsOf(link)) {
    const above = entries.get(parent);
    if (above && above.kind !== 'directory')
      return { action: 'blocked', ...base, found: describe(parent, above) };
  }
  if (!entry) return { action: 'create', ...base };
  if (entry.target !== undefined && nodeOfTarget(link, entry.target) !== undefined)
    return { action: 'replace', ...base, from: entry.target };
  return { action: 'blocked', ...base, found: describe(link, entry) };
}

function planRemovals(
  wanted: ReadonlyMap<string, Winner>,
  tree: Tree,
  present: Pick<ReadonlySet<string>, 'has'>,
): Change[] {
  const removals: Change[] = [];
  for (const [link, { target: from }] of tree.entries) {
    if (from === undefined || wanted.has(link)) continue;
    const node = nodeOfTarget(link, from);
    if (isTemporary(link)) removals.push({ action: 'remove', link, from, reason: 'temporary' });
    else if (node !== undefined)
      removals.push({ action: 'remove', link, from, reason: present.has(node) ? 'unwanted' : 'gone' });
  }
  return removals.sort((a, b) => (a.link < b.link ? -1 : 1));
}

/** Directories in which nothing will be left and nothing is wanted, the deepest first. */
function planDirectories(
  removals: readonly Change[],
  wanted: ReadonlyMap<string, Winner>,
  tree: Tree,
): Change[] {
  const removed = new Set(removals.map((change) => change.link));
  const needed = new Set<string>();
  for (const link of wanted.keys()) addParents(needed, link);
  for (const [link, entry] of tree.entries)
    if (entry.kind !== 'directory' && !removed.has(link)) addParents(needed, link);
  for (const directory of tree.unreadable.keys()) addParents(needed.add(directory), directory);
  const changes: Change[] = [];
  for (const [link, entry] of tree.entries)
    if (entry.kind === 'directory' && !needed.has(link)) changes.push({ action: 'remove-directory', link });
  return changes.sort((a, b) => (a.link < b.link ? 1 : -1));
}

/** Adds the directories above a link, from the innermost out, up to one that is there with all its own. */
function addParents(directories: Set<string>, link: string): void {
  for (let end = link.lastIndexOf('/'); end > 0; end = link.lastIndexOf('/', end - 1)) {
    const parent = link.slice(0, end);
    if (directories.has(parent)) return;
    directories.add(parent);
  }
}

function describe(link: string, entry: Entry): string {
  if (entry.target !== undefined) return `a link to ${entry.target}`;
  const what: Record<string, string> = {
    directory: 'a directory',
    file: 'a file',
    char: 'a character device',
    block: 'a block device',
  };
  return `${what[entry.kind] ?? 'a special file'}${link.includes('/') ? '' : ` at ${link}`}`;
}
