/**
 * What the last pass saw, kept so that a pass over a few places changes just these: none of it costs more where there are
 * more devices. Reads nothing; knows the ordinary case only, and says where it does not hold.
 */
import type { Device } from '../devices/device.ts';
import { withNodes } from '../links/observe.ts';
import type { SyncResult } from '../links/sync.ts';
import type { Entry } from '../links/tree.ts';
import { type Claim, type Conflict, desire } from '../names/desire.ts';
import { parentsOf } from '../names/parents.ts';
import { linkTarget } from '../names/scheme.ts';

/** A device, and the links that it wants and can have. */
export interface Seen {
  readonly device: Device;
  readonly claims: readonly Claim[];
}

export interface Picture {
  /** Whether all is ordinary, so that a pass over places may go on from here. */
  readonly fit: boolean;
  /** By `vfioN`. */
  readonly seen: Map<string, Seen>;
  /** Those of them whose node is not there. */
  readonly missing: Set<string>;
  readonly wanted: Map<string, Claim>;
  /** All claims of the links that more than one device wants. */
  readonly rivals: Map<string, readonly Claim[]>;
  readonly conflicts: Map<string, Conflict>;
  /** What lies below /dev/vfio; directories with it. */
  readonly entries: Map<string, Entry>;
  /** How many wanted links lie below each directory, and how many things that are no directories. */
  readonly wantedBelow: Map<string, number>;
  readonly thingsBelow: Map<string, number>;
  /** Wanted links that are not true, since something stands in the way. */
  readonly untrue: ReadonlySet<string>;
}

/** The picture after a pass over everything. */
export function pictureOf({ last, settled, access }: SyncResult): Picture {
  const { scan, missing, desired, tree } = last;
  const fit =
    settled &&
    last.changes.length === 0 &&
    scan.problems.length === 0 &&
    tree.unreadable.size === 0 &&
    !desired.conflicts.some(({ below }) => below !== undefined) &&
    !access.some(({ result }) => result === 'failed');
  const own = new Map<Device, Claim[]>(scan.devices.map((device) => [device, []]));
  const rivals = new Map<string, Claim[]>(desired.conflicts.map(({ link }) => [link, []]));
  for (const claim of withNodes(last.claims, missing)) {
    own.get(claim.device)?.push(claim);
    rivals.get(claim.link)?.push(claim);
  }
  const picture: Picture = {
    fit,
    seen: new Map([...own].map(([device, its]) => [device.sysname, { device, claims: its }])),
    missing: new Set(missing),
    wanted: new Map(desired.wanted),
    rivals,
    conflicts: new Map(desired.conflicts.map((conflict) => [conflict.link, conflict])),
    entries: new Map(),
    wantedBelow: new Map(),
    thingsBelow: new Map(),
    untrue: new Set(last.changes.map(({ link }) => link)),
  };
  for (const link of desired.wanted.keys()) count(picture.wantedBelow, link, 1);
  for (const [path, entry] of tree.entries) setEntry(picture, path, entry);
  return picture;
}

/**
 * Puts other devices at these numbers (`undefined`: none). Gives the links whose claims changed with the targets that they
 * had before. `nested`: a link lies below another, which is not for us, and the picture is not whole.
 */
export function putDevices(
  picture: Picture,
  now: ReadonlyMap<string, Seen | undefined>,
): { readonly before: ReadonlyMap<string, string | undefined>; readonly nested: boolean } {
  const before = new Map<string, string | undefined>();
  const touch = (link: string): readonly Claim[] => {
    if (!before.has(link)) before.set(link, wantedTarget(picture, link));
    return claimsOn(picture, link);
  };
  for (const sysname of now.keys()) {
    const old = picture.seen.get(sysname);
    for (const { link } of old?.claims ?? [])
      decide(
        picture,
        link,
        touch(link).filter(({ device }) => device !== old?.device),
      );
    picture.seen.delete(sysname);
  }
  for (const [sysname, seen] of now) {
    if (!seen) continue;
    for (const claim of seen.claims) {
      const rivals = touch(claim.link);
      if (isNested(picture, claim.link)) return { before, nested: true };
      decide(picture, claim.link, [...rivals, claim]);
    }
    picture.seen.set(sysname, seen);
  }
  return { before, nested: false };
}

/** The target of a link that was true after the last pass. */
export function trueTarget({ untrue, wanted }: Picture, link: string): string | undefined {
  return untrue.has(link) ? undefined : wantedTarget({ wanted }, link);
}

/** Where a link shall lead, `undefined` for one that nobody wants. */
export function wantedTarget({ wanted }: Pick<Picture, 'wanted'>, link: string): string | undefined {
  const claim = wanted.get(link);
  return claim && linkTarget(link, claim.device.sysname);
}

/** The name of the device that has this number and its node. */
export function namedAs({ seen, missing }: Picture, sysname: string): string | undefined {
  return missing.has(sysname) ? undefined : seen.get(sysname)?.device.name;
}

/** What lies at a path now. */
export function setEntry(picture: Picture, path: string, entry: Entry | undefined): void {
  const old = picture.entries.get(path);
  if (old && old.kind !== 'directory') count(picture.thingsBelow, path, -1);
  if (entry && entry.kind !== 'directory') count(picture.thingsBelow, path, 1);
  if (entry) picture.entries.set(path, entry);
  else picture.entries.delete(path);
}

function claimsOn({ rivals, wanted, seen }: Picture, link: string): readonly Claim[] {
  const several = rivals.get(link);
  if (several) return several;
  const owner = wanted.get(link)?.device;
  const claims = owner ? seen.get(owner.sysname)?.claims : undefined;
  return claims?.filter((claim) => claim.link === link && claim.device === owner) ?? [];
}

/** Who gets the link, of those that claim it: the same rule as over everything, on this link alone. */
function decide(picture: Picture, link: string, claims: readonly Claim[]): void {
  const { wanted, conflicts } = desire(claims);
  const winner = wanted.get(link);
  const had = picture.wanted.has(link);
  if (winner) picture.wanted.set(link, winner);
  else picture.wanted.delete(link);
  if (had !== (winner !== undefined)) count(picture.wantedBelow, link, winner ? 1 : -1);
  const [conflict] = conflicts;
  if (conflict) picture.conflicts.set(link, conflict);
  else picture.conflicts.delete(link);
  if (claims.length > 1) picture.rivals.set(link, claims);
  else picture.rivals.delete(link);
}

function isNested({ wanted, wantedBelow }: Picture, link: string): boolean {
  return wantedBelow.has(link) || parentsOf(link).some((parent) => wanted.has(parent));
}

function count(counts: Map<string, number>, path: string, by: 1 | -1): void {
  for (const parent of parentsOf(path)) {
    const next = (counts.get(parent) ?? 0) + by;
    if (next === 0) counts.delete(parent);
    else counts.set(parent, next);
  }
}
