/** What a pass did, as events that are each told once. Pure; knows no output. */
import type { Change } from '../links/change.ts';
import type { SyncResult } from '../links/sync.ts';

/**
 * One line of `watch --json`. `link` is relative to /dev/vfio, `path` a whole path.
 * The fields of `time` and `trigger` are added by whoever writes it.
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

/** What a pass leaves for the next one. */
export interface Memory {
  /** Links that were true after the last pass, with their targets. */
  readonly links: ReadonlyMap<string, string>;
  readonly devices: ReadonlySet<string>;
  /** Lasting troubles that were told already. */
  readonly told: ReadonlySet<string>;
}

export interface Counts {
  readonly devices: number;
  /** Links that are true. */
  readonly links: number;
  /** Troubles that last: conflicts, things in the way, failures, what could not be read. */
  readonly findings: number;
}

export const noMemory: Memory = { links: new Map(), devices: new Set(), told: new Set() };

/** The events of one pass, its counts, and what to remember. */
export function report(
  { outcomes, last, settled, access }: SyncResult,
  memory: Memory,
): { readonly events: readonly WatchEvent[]; readonly counts: Counts; readonly memory: Memory } {
  const events: WatchEvent[] = [];
  const troubles: WatchEvent[] = last.scan.problems.map(({ path, message }) => ({
    event: 'failed',
    reason: 'unreadable',
    path,
    found: message,
  }));
  for (const { change, result, errno } of outcomes) {
    if (result === 'done') events.push(...done(change, memory));
    else if (result === 'failed')
      troubles.push({ event: 'failed', reason: 'refused', ...subject(change), found: errno ?? 'EIO' });
    else if (change.action === 'blocked')
      troubles.push({ event: 'conflict', reason: 'in-the-way', ...subject(change), found: change.found });
  }
  for (const { link, winner, losers } of last.desired.conflicts)
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

  const links = new Map([...last.desired.wanted].map(([link, { target }]) => [link, target]));
  for (const change of last.changes) links.delete(change.link);
  const keys = new Set(troubles.map((trouble) => JSON.stringify(trouble)));
  return {
    events: [...events, ...troubles.filter((trouble) => !memory.told.has(JSON.stringify(trouble)))],
    counts: { devices: last.scan.devices.length, links: links.size, findings: keys.size },
    memory: { links, devices: new Set(last.scan.devices.map(({ name }) => name)), told: keys },
  };
}

function done(change: Change, memory: Memory): WatchEvent[] {
  const known = memory.links.get(change.link);
  switch (change.action) {
    case 'create':
      if (known !== undefined) return [{ event: 'repaired', reason: 'missing', ...subject(change) }];
      return [
        {
          event: 'added',
          reason: memory.devices.has(change.device) ? 'wanted' : 'appeared',
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
