/**
 * Incremental pass: syncs only the places that hints name, so its cost does not depend on the number of devices. It handles
 * the common case only. In any other case it gives up and the caller runs a full pass, which must produce the same result.
 */

import { parseGroupNode } from '../devices/groups.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import { type AccessOutcome, applyAccess } from '../links/access.ts';
import { apply } from '../links/apply.ts';
import { lateLinks } from '../links/late-links.ts';
import { isNodeMissing } from '../links/node-check.ts';
import type { Machine } from '../links/observe.ts';
import { linksOfOthers, targetNode } from '../links/ownership.ts';
import type { Outcome } from '../links/plan.ts';
import { plan } from '../links/plan.ts';
import { type LinkEntry, type LinkTree, readEntry } from '../links/tree.ts';
import type { Claim } from '../names/claims.ts';
import { claimsOf, parentDirectories } from '../names/claims.ts';
import { canHaveGroupNames, defaultGroupNames } from '../names/groups.ts';
import { groupDirectory, isGroupLink, isReservedName, linkRoot } from '../names/scheme.ts';
import { pathBelow } from '../system/root-path.ts';
import {
  type DeviceClaims,
  deviceName,
  replaceDevices,
  setEntry,
  type WatchState,
  wantedTarget,
} from './state.ts';

/** Up to this many places, an incremental pass is always cheaper than a full one. */
const MIN_PLACES_FOR_FULL_PASS = 256;

export interface IncrementalResult {
  /** False if a full pass is needed; the state must not be used any more then. */
  readonly done: boolean;
  /** The changes that were made, including those made before the pass gave up. */
  readonly outcomes: readonly Outcome[];
  readonly access: readonly AccessOutcome[];
  /** The current state of the devices that the pass covered. */
  readonly devices: readonly Device[];
  /** The links whose claims changed, with their previous targets. */
  readonly before: ReadonlyMap<string, string | undefined>;
  /** The names of the devices that had these `vfioN`, and a node, before the pass. */
  readonly known: ReadonlySet<string>;
}

/** Updates the links and the state for these places, which are relative to /dev/vfio. */
export function syncPaths(
  machine: Machine,
  token: string,
  state: WatchState,
  places: ReadonlySet<string>,
): IncrementalResult {
  const { files, root, policyNames } = machine;
  const gaveUp = {
    done: false,
    outcomes: [],
    access: [],
    devices: [],
    before: new Map(),
    known: new Set(''),
  };
  // Groups are left to the full pass: their members are not known from their nodes.
  if ([...places].some((place) => concernsGroups(machine, state, place))) return gaveUp;
  // So is their access, which depends on all members.
  if (machine.access && machine.groupNames?.enabled === true) return gaveUp;
  if (!state.fit || places.size > Math.max(MIN_PLACES_FOR_FULL_PASS, state.seen.size)) return gaveUp;
  const sysnames = [...places].flatMap((place) => /^devices\/((?:noiommu-)?vfio\d+)$/.exec(place)?.[1] ?? []);
  const devices = currentDevices(machine, sysnames);
  if (!devices) return gaveUp;
  const known = new Set(sysnames.flatMap((sysname) => deviceName(state, sysname) ?? []));
  const now = new Map<string, DeviceClaims | undefined>(sysnames.map((sysname) => [sysname, undefined]));
  for (const sysname of sysnames) state.missing.delete(sysname);
  for (const device of devices) {
    const missing = isNodeMissing(files, root, device);
    if (missing) state.missing.add(device.sysname);
    now.set(device.sysname, { device, claims: missing ? [] : claimsOf([device], policyNames) });
  }
  const { before, nested } = replaceDevices(state, now);
  const partial = { ...gaveUp, devices, before, known };
  if (nested) return partial;

  const links = new Set([...places].filter(isManaged));
  for (const [link, target] of before) if (wantedTarget(state, link) !== target) links.add(link);
  if (!rereadLinks(machine, state, links)) return partial;
  const changes = plan(...planArguments(machine, state, links));
  if (changes.some(({ action }) => action === 'blocked' || action === 'restore')) return partial;
  const outcomes = apply(files, root, changes, token);
  // After all changes of a plan are done, plan() returns no further changes; the tests of links/ check this.
  if (outcomes.some(({ result }) => result !== 'done'))
    return { ...partial, outcomes: outcomes.filter(({ result }) => result === 'done') };
  for (const { change } of outcomes) {
    if (change.action === 'create' || change.action === 'replace') {
      setEntry(state, change.link, { kind: 'symlink', target: change.target });
      for (const parent of parentDirectories(change.link)) setEntry(state, parent, { kind: 'directory' });
    } else setEntry(state, change.link, undefined);
  }
  const { outcomes: access, raced } = applyAccess(machine, devices);
  return { ...partial, done: !raced, outcomes, access };
}

/** Whether a place is a name of a group, or the node of a group that can have names. */
function concernsGroups(
  { groupNames = defaultGroupNames }: Machine,
  { seen }: WatchState,
  place: string,
): boolean {
  if (place === groupDirectory || isGroupLink(place)) return true;
  const node = parseGroupNode(place);
  if (node === undefined || node.noIommu) return node !== undefined;
  return canHaveGroupNames(
    groupNames,
    [...seen.values()].map(({ device }) => device),
  );
}

/** Reads the devices that have these `vfioN` now; returns `undefined` if one cannot be read. */
function currentDevices({ files, root }: Machine, sysnames: readonly string[]): Device[] | undefined {
  try {
    return sysnames.flatMap((sysname) => scanDevice(files, root, sysname) ?? []);
  } catch (error) {
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether a link of ours can be at a place. */
function isManaged(place: string): boolean {
  const [first = '', ...below] = place.split('/');
  return below.length > 0 && first !== '..' && !isReservedName(first);
}

/**
 * Reads these links again. Returns false if a directory was created or removed, because other links may have changed
 * then, too.
 */
function rereadLinks({ files, root }: Machine, state: WatchState, links: ReadonlySet<string>): boolean {
  const unreadable = new Map<string, string>();
  for (const path of new Set([...links].flatMap((link) => [...parentDirectories(link), link]))) {
    const entry = readEntry(files, pathBelow(root, `${linkRoot}/${path}`), path, unreadable);
    if ((entry?.kind === 'directory') !== (state.entries.get(path)?.kind === 'directory')) return false;
    setEntry(state, path, entry);
  }
  return unreadable.size === 0;
}

/** Returns the arguments with which plan() plans the changes of these links only. */
function planArguments(
  machine: Machine,
  state: WatchState,
  links: ReadonlySet<string>,
): [ReadonlyMap<string, Claim>, LinkTree, ReadonlySet<string>, ReadonlySet<string>] {
  const { files, root } = machine;
  const wanted = new Map<string, Claim>();
  const entries = new Map<string, LinkEntry>();
  const present = new Set<string>();
  /** For each directory, how many other entries and wanted links are below it. */
  const otherCounts = new Map<string, number>();
  for (const link of links) {
    const claim = state.wanted.get(link);
    if (claim) wanted.set(link, claim);
    const entry = state.entries.get(link);
    if (entry) entries.set(link, entry);
    const node = entry?.target === undefined ? undefined : targetNode(link, entry.target);
    if (node !== undefined && state.seen.has(node) && !state.missing.has(node)) present.add(node);
    const own = (claim ? 1 : 0) + (entry && entry.kind !== 'directory' ? 1 : 0);
    for (const parent of parentDirectories(link)) {
      const directory = state.entries.get(parent);
      if (directory) entries.set(parent, directory);
      const total = (state.wantedBelow.get(parent) ?? 0) + (state.thingsBelow.get(parent) ?? 0);
      otherCounts.set(parent, (otherCounts.get(parent) ?? total) - own);
    }
  }
  // plan() does not remove a directory that it cannot read completely.
  const unreadable = new Map(
    [...otherCounts].flatMap(([path, rest]) => (rest > 0 ? [[path, 'not read']] : [])),
  );
  const unclaimed = [...entries].filter(([link]) => !wanted.has(link));
  const others = linksOfOthers(files, root, unclaimed, wanted, (node) =>
    present.has(node) ? state.seen.get(node)?.device.devnum : undefined,
  );
  // The event of a new device can come after that of its link. Names of groups are left to the full pass.
  const late = lateLinks(machine, unclaimed, {
    devices: [],
    device: (node) => state.seen.get(node)?.device,
    hasGroup: () => true,
  });
  return [wanted, { entries, unreadable }, present, new Set([...others, ...late])];
}
