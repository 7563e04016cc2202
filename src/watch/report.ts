/** What a pass did, as events that are each told once. Pure; knows no output. */
import type { Problem } from '../devices/device.ts';
import type { AccessOutcome } from '../links/access.ts';
import type { Change, Outcome } from '../links/change.ts';
import type { Conflict } from '../names/desire.ts';

/**
 * One thing that was done or found. `link` is relative to /dev/vfio, `path` a whole path.
 * When, and why we looked, is added by whoever writes it.
 */
export interface WatchEvent {
  readonly event: 'added' | 'removed' | 'repaired' | 'conflict' | 'access' | 'cdi' | 'failed';
  readonly reason: WatchReason;
  readonly link?: string;
  readonly path?: string;
  readonly device?: string;
  readonly target?: string;
  readonly from?: string;
  readonly to?: string;
  /** Of `conflict` and `failed`: what stands in the way. */
  readonly found?: string;
}

export type WatchReason =
  /** A device that was not there at the last pass. */
  | 'appeared'
  /** A name that the policy did not give the device at the last pass. */
  | 'wanted'
  /** The link was true at the last pass, and is gone. */
  | 'missing'
  /** The kernel gave the device another number. */
  | 'renumbered'
  /** The link led elsewhere. */
  | 'false'
  | 'gone'
  | 'unwanted'
  | 'temporary'
  /** Two devices want one name. */
  | 'name-taken'
  /** Something that is not ours is at the name. */
  | 'in-the-way'
  /** The node was not as the access rules want it. */
  | 'access'
  /** The CDI file is new, at `path`; where it is not needed any more, the reason is `gone`. */
  | 'written'
  /** A call failed; `found` has its errno. */
  | 'refused'
  /** The kernel's entry of a device could not be read. */
  | 'unreadable'
  /** Somebody undoes the work all the time. */
  | 'unsettled';

/** What a pass did and found. */
export interface Pass {
  readonly outcomes: readonly Outcome[];
  readonly access: readonly AccessOutcome[];
  readonly problems: readonly Problem[];
  readonly conflicts: Iterable<Conflict>;
  readonly settled: boolean;
  readonly devices: number;
  /** Devices whose node is not there. */
  readonly missing: number;
  /** Links that are true. */
  readonly links: number;
}

/** How it was before the pass. */
export interface Before {
  /** The target of a link that was true. */
  readonly link: (link: string) => string | undefined;
  /** Whether there was a device of this name. */
  readonly device: (name: string) => boolean;
  /** Lasting troubles that were told already. */
  readonly told: ReadonlySet<string>;
}

export interface Counts {
  readonly devices: number;
  /** Devices whose node is not in /dev/vfio/devices, so that they have no names. */
  readonly missing: number;
  /** Links that are true. */
  readonly links: number;
  /** Troubles that last: conflicts, things in the way, failures, what could not be read. */
  readonly findings: number;
}

/** The events of one pass, its counts, and the troubles that need not be told again while they last. */
export function report(
  { outcomes, access, problems, conflicts, settled, devices, missing, links }: Pass,
  before: Before,
): { readonly events: readonly WatchEvent[]; readonly counts: Counts; readonly told: ReadonlySet<string> } {
  const events: WatchEvent[] = [];
  const troubles: WatchEvent[] = problems.map(({ path, message }) => ({
    event: 'failed',
    reason: 'unreadable',
    path,
    found: message,
  }));
  for (const { change, result, errno } of outcomes) {
    if (result === 'done') events.push(...done(change, before));
    else if (result === 'failed')
      troubles.push({ event: 'failed', reason: 'refused', ...subject(change), found: errno ?? 'EIO' });
    else if (change.action === 'blocked')
      troubles.push({ event: 'conflict', reason: 'in-the-way', ...subject(change), found: change.found });
  }
  for (const { link, winner, losers } of conflicts)
    for (const loser of losers)
      troubles.push({
        event: 'conflict',
        reason: 'name-taken',
        link,
        device: loser.name,
        found: winner.name,
      });
  for (const { result, path, device, from, to, why } of access) {
    const node = { path, ...(device !== undefined && { device }) };
    if (result === 'done')
      events.push({ event: 'access', reason: 'access', ...node, from: from ?? '', to: to ?? '' });
    else troubles.push({ event: 'failed', reason: 'refused', ...node, found: why ?? 'EIO' });
  }
  if (!settled)
    troubles.push({ event: 'failed', reason: 'unsettled', path: '/dev/vfio', found: 'other changes' });

  const told = new Set(troubles.map((trouble) => JSON.stringify(trouble)));
  return {
    events: [...events, ...troubles.filter((trouble) => !before.told.has(JSON.stringify(trouble)))],
    counts: { devices, missing, links, findings: told.size },
    told,
  };
}

function done(change: Change, before: Before): WatchEvent[] {
  const known = before.link(change.link);
  switch (change.action) {
    case 'create':
      if (known !== undefined) return [{ event: 'repaired', reason: 'missing', ...subject(change) }];
      return [
        {
          event: 'added',
          reason: before.device(change.device) ? 'wanted' : 'appeared',
          ...subject(change),
        },
      ];
    case 'replace':
      return [
        {
          event: 'repaired',
          reason: known === change.from ? 'renumbered' : 'false',
          ...subject(change),
          from: change.from,
        },
      ];
    case 'remove':
      return [{ event: 'removed', reason: change.reason, link: change.link, from: change.from }];
    default:
      return [];
  }
}

function subject(change: Change): Partial<WatchEvent> {
  const device = 'device' in change ? { device: change.device, target: change.target } : {};
  return { link: change.link, ...device };
}
