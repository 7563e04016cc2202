/**
 * A pass over the few places that hints name: as many system calls as they need, however many devices there are.
 * It knows the ordinary case only; wherever something is odd it gives up, and the full pass, whose result must be the
 * same, does the work.
 */
import type { Device } from '../devices/device.ts';
import { deviceOrder } from '../devices/order.ts';
import { scanOne } from '../devices/scan.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import { applyAccess } from '../links/access.ts';
import { apply } from '../links/apply.ts';
import type { Outcome } from '../links/change.ts';
import { managedBy } from '../links/managed.ts';
import type { Machine } from '../links/observe.ts';
import { parentsOf, plan } from '../links/plan.ts';
import { readEntry } from '../links/read.ts';
import type { SyncResult } from '../links/sync.ts';
import type { Entry, Tree } from '../links/tree.ts';
import { claimsOf, type MoreNames } from '../names/claims.ts';
import { type Claim, type Desired, desire } from '../names/desire.ts';
import { linkRoot } from '../names/scheme.ts';
import { at } from '../system/root.ts';

/** More places than this, and a full pass costs no more. */
const most = 256;

export interface Partial {
  /** Absent where only a full pass is right. */
  readonly result?: SyncResult;
  /** What was done before it gave up. */
  readonly outcomes: readonly Outcome[];
}

/** `before` is the result of the last pass, `places` are relative to /dev/vfio. */
export function syncPlaces(
  machine: Machine,
  token: string,
  before: SyncResult,
  places: ReadonlySet<string>,
): Partial {
  const { files, root, more } = machine;
  const { last } = before;
  const odd =
    !before.settled ||
    last.changes.length > 0 ||
    last.scan.problems.length > 0 ||
    last.tree.unreadable.size > 0 ||
    before.access.some(({ result }) => result === 'failed');
  if (odd || places.size > most) return { outcomes: [] };

  const sysnames = new Set(
    [...places].flatMap((place) => /^devices\/((?:noiommu-)?vfio\d+)$/.exec(place)?.[1] ?? []),
  );
  const concerned = devicesNow(machine, sysnames);
  if (!concerned) return { outcomes: [] };
  const devices = last.scan.devices.filter(({ sysname }) => !sysnames.has(sysname));
  devices.push(...concerned);
  devices.sort(deviceOrder);
  const desired = desire(devices.flatMap((device) => claimsOfOne(device, more)));
  const isManaged = managedBy(desired.wanted.keys());
  const links = new Set(
    [...places].filter((place) => place.includes('/') && isManaged(place.split('/')[0] ?? '')),
  );
  for (const link of differing(last.desired, desired)) links.add(link);
  const tree = treeNow(machine, last.tree, links);
  if (!tree) return { outcomes: [] };

  const present = new Set(devices.map(({ sysname }) => sysname));
  const changes = plan(desired.wanted, tree, present);
  if (changes.some(({ action }) => action === 'blocked')) return { outcomes: [] };
  const outcomes = apply(files, root, changes, token);
  for (const { change } of outcomes) {
    if (change.action === 'create' || change.action === 'replace') {
      tree.entries.set(change.link, { kind: 'symlink', target: change.target });
      for (const parent of parentsOf(change.link)) tree.entries.set(parent, { kind: 'directory' });
    } else tree.entries.delete(change.link);
  }
  // A plan that is carried out whole leaves nothing to plan: the tests of links/ hold it to that.
  if (outcomes.some(({ result }) => result !== 'done'))
    return { outcomes: outcomes.filter(({ result }) => result === 'done') };
  const access = machine.access ? applyAccess(files, root, { of: machine.access.of }, concerned) : [];
  const scan = { devices, problems: [] };
  return {
    outcomes,
    result: { outcomes, last: { scan, desired, tree, changes: [] }, settled: true, access },
  };
}

const claimsKnown = new WeakMap<
  Device,
  { readonly more: MoreNames | undefined; readonly claims: readonly Claim[] }
>();

/** Made once for each device as a scan gave it: most are the same from pass to pass. */
function claimsOfOne(device: Device, more: MoreNames | undefined): readonly Claim[] {
  const known = claimsKnown.get(device);
  if (known && known.more === more) return known.claims;
  const claims = claimsOf([device], more);
  claimsKnown.set(device, { more, claims });
  return claims;
}

/** The devices that have these numbers now; `undefined` where one can't be read. */
function devicesNow({ files, root }: Machine, sysnames: ReadonlySet<string>): Device[] | undefined {
  try {
    return [...sysnames].flatMap((sysname) => scanOne(files, root, sysname) ?? []);
  } catch (error) {
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Links that are wanted in another way than before, or by another device, or not any more. */
function differing(before: Desired, now: Desired): string[] {
  const links = [...now.wanted].flatMap(([link, { target }]) =>
    before.wanted.get(link)?.target === target ? [] : [link],
  );
  for (const link of before.wanted.keys()) if (!now.wanted.has(link)) links.push(link);
  return links;
}

/** The tree with these links read anew; `undefined` where a directory came or went, so that more than they may differ. */
function treeNow(
  { files, root }: Machine,
  before: Tree,
  links: ReadonlySet<string>,
): (Tree & { readonly entries: Map<string, Entry> }) | undefined {
  const entries = new Map(before.entries);
  const unreadable = new Map<string, string>();
  for (const link of links)
    for (const path of [...parentsOf(link), link]) {
      const entry = readEntry(files, at(root, `${linkRoot}/${path}`), path, unreadable);
      if ((entry?.kind === 'directory') !== (entries.get(path)?.kind === 'directory')) return undefined;
      if (entry) entries.set(path, entry);
      else entries.delete(path);
    }
  return unreadable.size > 0 ? undefined : { entries, unreadable };
}
