/**
 * The state after the last pass, kept so that an incremental pass updates only a few places: the cost of an update does not
 * depend on the number of devices. It covers the common case only; `fit` is false in other cases.
 */
import type { Device } from '../devices/types.ts';
import { claimsWithNode } from '../links/observe.ts';
import type { SyncResult } from '../links/sync.ts';
import type { LinkEntry } from '../links/tree.ts';
import { type Claim, type Conflict, claimNode, parentDirectories, resolveClaims } from '../names/claims.ts';
import { linkTarget } from '../names/scheme.ts';

/** A device and its claims; none if its node is missing. */
export interface DeviceClaims {
  readonly device: Device;
  readonly claims: readonly Claim[];
}

export interface WatchState {
  /** Whether an incremental pass may start from this state. */
  readonly fit: boolean;
  /** The devices by `vfioN`. */
  readonly seen: Map<string, DeviceClaims>;
  /** The `vfioN` of devices whose node is missing. */
  readonly missing: Set<string>;
  readonly wanted: Map<string, Claim>;
  /** All claims on the links that more than one device claims. */
  readonly rivals: Map<string, readonly Claim[]>;
  readonly conflicts: Map<string, Conflict>;
  /** The entries below /dev/vfio, including directories. */
  readonly entries: Map<string, LinkEntry>;
  /** For each directory, the number of wanted links and of entries other than directories below it. */
  readonly wantedBelow: Map<string, number>;
  readonly thingsBelow: Map<string, number>;
  /** Links with a change that could not be made, for example because another file has the same path. */
  readonly untrue: ReadonlySet<string>;
}

/** Builds the state from the result of a full pass. */
export function watchState({ observation, stable, access }: SyncResult): WatchState {
  const { scan, missingNodes, assignment, tree } = observation;
  const fit =
    stable &&
    observation.changes.length === 0 &&
    scan.problems.length === 0 &&
    tree.unreadable.size === 0 &&
    !assignment.conflicts.some(({ nestedWith }) => nestedWith !== undefined) &&
    !access.some(({ result }) => result === 'failed');
  const claimsByDevice = new Map<Device, Claim[]>(scan.devices.map((device) => [device, []]));
  const rivals = new Map<string, Claim[]>(assignment.conflicts.map(({ link }) => [link, []]));
  for (const claim of claimsWithNode(observation.claims, missingNodes)) {
    // A link to a group does not depend on the node of the device.
    if (claim.group === undefined) claimsByDevice.get(claim.device)?.push(claim);
    rivals.get(claim.link)?.push(claim);
  }
  const state: WatchState = {
    fit,
    seen: new Map(
      [...claimsByDevice].map(([device, deviceClaims]) => [device.sysname, { device, claims: deviceClaims }]),
    ),
    missing: new Set(missingNodes),
    wanted: new Map(assignment.winners),
    rivals,
    conflicts: new Map(assignment.conflicts.map((conflict) => [conflict.link, conflict])),
    entries: new Map(),
    wantedBelow: new Map(),
    thingsBelow: new Map(),
    untrue: new Set(observation.changes.map(({ link }) => link)),
  };
  for (const link of assignment.winners.keys()) count(state.wantedBelow, link, 1);
  for (const [path, entry] of tree.entries) setEntry(state, path, entry);
  return state;
}

/**
 * Replaces the devices at these `vfioN` (`undefined`: removes the device). Returns the links whose claims changed, with their
 * previous targets. `nested`: a link would be below another link; the state is incomplete then and a full pass is needed.
 */
export function replaceDevices(
  state: WatchState,
  now: ReadonlyMap<string, DeviceClaims | undefined>,
): { readonly before: ReadonlyMap<string, string | undefined>; readonly nested: boolean } {
  const before = new Map<string, string | undefined>();
  const touch = (link: string): readonly Claim[] => {
    if (!before.has(link)) before.set(link, wantedTarget(state, link));
    return claimsOn(state, link);
  };
  // Each link is resolved at most twice, however many of the devices claim it.
  const replaced = new Set<Device>();
  const touched = new Set<string>();
  for (const sysname of now.keys()) {
    const old = state.seen.get(sysname);
    if (!old) continue;
    replaced.add(old.device);
    for (const { link } of old.claims) touched.add(link);
  }
  for (const link of touched)
    resolveLink(
      state,
      link,
      touch(link).filter(({ device }) => !replaced.has(device)),
    );
  for (const sysname of now.keys()) state.seen.delete(sysname);
  const added = new Map<string, Claim[]>();
  for (const [sysname, seen] of now) {
    if (!seen) continue;
    for (const claim of seen.claims) {
      const others = added.get(claim.link);
      if (others) others.push(claim);
      else added.set(claim.link, [claim]);
    }
    state.seen.set(sysname, seen);
  }
  for (const [link, claims] of added) {
    const rivals = touch(link);
    if (isNested(state, link)) return { before, nested: true };
    resolveLink(state, link, [...rivals, ...claims]);
  }
  return { before, nested: false };
}

/** The target of a link that was correct after the last pass; `undefined` for other links. */
export function correctTarget({ untrue, wanted }: WatchState, link: string): string | undefined {
  return untrue.has(link) ? undefined : wantedTarget({ wanted }, link);
}

/** The target that a link should have; `undefined` for a link that no device claims. */
export function wantedTarget({ wanted }: Pick<WatchState, 'wanted'>, link: string): string | undefined {
  const claim = wanted.get(link);
  return claim && linkTarget(link, claimNode(claim));
}

/** The name of the device with this `vfioN`; `undefined` if there is no such device or its node is missing. */
export function deviceName({ seen, missing }: WatchState, sysname: string): string | undefined {
  return missing.has(sysname) ? undefined : seen.get(sysname)?.device.name;
}

/** Records the current entry at a path, and updates the counts of its parents. */
export function setEntry(state: WatchState, path: string, entry: LinkEntry | undefined): void {
  const old = state.entries.get(path);
  if (old && old.kind !== 'directory') count(state.thingsBelow, path, -1);
  if (entry && entry.kind !== 'directory') count(state.thingsBelow, path, 1);
  if (entry) state.entries.set(path, entry);
  else state.entries.delete(path);
}

function claimsOn({ rivals, wanted, seen }: WatchState, link: string): readonly Claim[] {
  const conflicting = rivals.get(link);
  if (conflicting) return conflicting;
  const owner = wanted.get(link)?.device;
  const claims = owner ? seen.get(owner.sysname)?.claims : undefined;
  return claims?.filter((claim) => claim.link === link && claim.device === owner) ?? [];
}

/** Resolves the claims on one link, by the same rule as a full pass, and records the result. */
function resolveLink(state: WatchState, link: string, claims: readonly Claim[]): void {
  const { winners, conflicts } = resolveClaims(claims);
  const winner = winners.get(link);
  const hadWinner = state.wanted.has(link);
  if (winner) state.wanted.set(link, winner);
  else state.wanted.delete(link);
  if (hadWinner !== (winner !== undefined)) count(state.wantedBelow, link, winner ? 1 : -1);
  const [conflict] = conflicts;
  if (conflict) state.conflicts.set(link, conflict);
  else state.conflicts.delete(link);
  if (claims.length > 1) state.rivals.set(link, claims);
  else state.rivals.delete(link);
}

function isNested({ wanted, wantedBelow }: WatchState, link: string): boolean {
  return wantedBelow.has(link) || parentDirectories(link).some((parent) => wanted.has(parent));
}

function count(counts: Map<string, number>, path: string, by: 1 | -1): void {
  for (const parent of parentDirectories(path)) {
    const next = (counts.get(parent) ?? 0) + by;
    if (next === 0) counts.delete(parent);
    else counts.set(parent, next);
  }
}
