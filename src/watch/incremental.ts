/**
 * A pass over the few places that hints name: it costs what they need, however many devices there are. It knows the
 * ordinary case only; wherever something is odd it gives up, and the full pass, whose result must be the same, does the
 * work.
 */
import type { Device } from '../devices/device.ts';
import { scanOne } from '../devices/scan.ts';
import { errnoOf, VfioNamesError } from '../errors.ts';
import { type AccessOutcome, applyAccess } from '../links/access.ts';
import { apply } from '../links/apply.ts';
import type { Outcome } from '../links/change.ts';
import { isMissing } from '../links/nodes.ts';
import type { Machine } from '../links/observe.ts';
import { plan } from '../links/plan.ts';
import { readEntry } from '../links/read.ts';
import { type Entry, nodeOfTarget, type Tree } from '../links/tree.ts';
import { claimsOf } from '../names/claims.ts';
import type { Claim } from '../names/desire.ts';
import { parentsOf } from '../names/parents.ts';
import { isReserved, knownBuses, linkRoot } from '../names/scheme.ts';
import { at } from '../system/root.ts';
import { namedAs, type Picture, putDevices, type Seen, setEntry, wantedTarget } from './picture.ts';

/** So many places cost less than a full pass in any case. */
const fewest = 256;

export interface Partial {
  /** False where only a full pass is right; the picture is none to go on from then. */
  readonly done: boolean;
  /** What was done, also before it gave up. */
  readonly outcomes: readonly Outcome[];
  readonly access: readonly AccessOutcome[];
  /** The devices that were looked at, as they are now. */
  readonly devices: readonly Device[];
  /** The links whose claims changed, with the targets that they had before. */
  readonly before: ReadonlyMap<string, string | undefined>;
  /** The names of the devices that had these numbers, and their nodes, before. */
  readonly known: ReadonlySet<string>;
}

/** Brings the names and the picture to what these places, relative to /dev/vfio, call for. */
export function syncPlaces(
  machine: Machine,
  token: string,
  picture: Picture,
  places: ReadonlySet<string>,
): Partial {
  const { files, root, more } = machine;
  const nothing = {
    done: false,
    outcomes: [],
    access: [],
    devices: [],
    before: new Map(),
    known: new Set(''),
  };
  if (!picture.fit || places.size > Math.max(fewest, picture.seen.size)) return nothing;
  const sysnames = [...places].flatMap((place) => /^devices\/((?:noiommu-)?vfio\d+)$/.exec(place)?.[1] ?? []);
  const devices = devicesNow(machine, sysnames);
  if (!devices) return nothing;
  const known = new Set(sysnames.flatMap((sysname) => namedAs(picture, sysname) ?? []));
  const now = new Map<string, Seen | undefined>(sysnames.map((sysname) => [sysname, undefined]));
  for (const sysname of sysnames) picture.missing.delete(sysname);
  for (const device of devices) {
    const missing = isMissing(files, root, device);
    if (missing) picture.missing.add(device.sysname);
    now.set(device.sysname, { device, claims: missing ? [] : claimsOf([device], more) });
  }
  const { before, nested } = putDevices(picture, now);
  const half = { ...nothing, devices, before, known };
  if (nested) return half;

  const links = new Set([...places].filter((place) => isManaged(picture, place)));
  for (const [link, target] of before) if (wantedTarget(picture, link) !== target) links.add(link);
  if (!readAnew(machine, picture, links)) return half;
  const changes = plan(...part(picture, links));
  if (changes.some(({ action }) => action === 'blocked')) return half;
  const outcomes = apply(files, root, changes, token);
  // A plan that is carried out whole leaves nothing to plan: the tests of links/ hold it to that.
  if (outcomes.some(({ result }) => result !== 'done'))
    return { ...half, outcomes: outcomes.filter(({ result }) => result === 'done') };
  for (const { change } of outcomes) {
    if (change.action === 'create' || change.action === 'replace') {
      setEntry(picture, change.link, { kind: 'symlink', target: change.target });
      for (const parent of parentsOf(change.link)) setEntry(picture, parent, { kind: 'directory' });
    } else setEntry(picture, change.link, undefined);
  }
  const access = machine.access ? applyAccess(files, root, { of: machine.access.of }, devices) : [];
  return { ...half, done: true, outcomes, access };
}

/** The devices that have these numbers now; `undefined` where one can't be read. */
function devicesNow({ files, root }: Machine, sysnames: readonly string[]): Device[] | undefined {
  try {
    return sysnames.flatMap((sysname) => scanOne(files, root, sysname) ?? []);
  } catch (error) {
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether a place is one of names, as managedBy() of links/ has it. */
function isManaged({ wantedBelow }: Picture, place: string): boolean {
  const [first = '', ...below] = place.split('/');
  if (below.length === 0 || isReserved(first)) return false;
  return knownBuses.some((bus) => bus === first) || first.startsWith('by-') || wantedBelow.has(first);
}

/** Reads these links; false where a directory came or went, so that more than they may differ. */
function readAnew({ files, root }: Machine, picture: Picture, links: ReadonlySet<string>): boolean {
  const unreadable = new Map<string, string>();
  for (const path of new Set([...links].flatMap((link) => [...parentsOf(link), link]))) {
    const entry = readEntry(files, at(root, `${linkRoot}/${path}`), path, unreadable);
    if ((entry?.kind === 'directory') !== (picture.entries.get(path)?.kind === 'directory')) return false;
    setEntry(picture, path, entry);
  }
  return unreadable.size === 0;
}

/** What plan() needs to decide of these links alone. */
function part(
  picture: Picture,
  links: ReadonlySet<string>,
): [ReadonlyMap<string, Claim>, Tree, ReadonlySet<string>] {
  const wanted = new Map<string, Claim>();
  const entries = new Map<string, Entry>();
  const present = new Set<string>();
  /** Of each directory, what lies and what is wanted below it beside our links. */
  const others = new Map<string, number>();
  for (const link of links) {
    const want = picture.wanted.get(link);
    if (want) wanted.set(link, want);
    const entry = picture.entries.get(link);
    if (entry) entries.set(link, entry);
    const node = entry?.target === undefined ? undefined : nodeOfTarget(link, entry.target);
    if (node !== undefined && picture.seen.has(node) && !picture.missing.has(node)) present.add(node);
    const ours = (want ? 1 : 0) + (entry && entry.kind !== 'directory' ? 1 : 0);
    for (const parent of parentsOf(link)) {
      const directory = picture.entries.get(parent);
      if (directory) entries.set(parent, directory);
      const all = (picture.wantedBelow.get(parent) ?? 0) + (picture.thingsBelow.get(parent) ?? 0);
      others.set(parent, (others.get(parent) ?? all) - ours);
    }
  }
  // plan() leaves a directory alone that it can't see the whole of.
  const unreadable = new Map([...others].flatMap(([path, rest]) => (rest > 0 ? [[path, 'not read']] : [])));
  return [wanted, { entries, unreadable }, present];
}
