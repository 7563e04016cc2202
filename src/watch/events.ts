/** Turns the result of a pass into events, and reports each lasting problem only once. */
import type { Problem } from '../devices/types.ts';
import type { AccessOutcome } from '../links/access.ts';
import type { Change, Outcome } from '../links/plan.ts';
import type { Conflict } from '../names/claims.ts';

/** A change that was made or a problem that was found. */
export interface WatchEvent {
  /** What happened. */
  readonly event: 'added' | 'removed' | 'repaired' | 'conflict' | 'access' | 'cdi' | 'nfd' | 'failed';
  /** Why it happened. */
  readonly reason: WatchReason;
  /** The link: relative to /dev/vfio in the service, absolute in the library. */
  readonly link?: string;
  /** The absolute path of a node, or of what could not be read. */
  readonly file?: string;
  /** The name of the device. */
  readonly name?: string;
  /** The target of the link, or the one that it should have. */
  readonly target?: string;
  /** The value before: the target of the link, or the access of the node. */
  readonly from?: string;
  /** For `access`: the access of the node now. */
  readonly to?: string;
  /** For `conflict` and `failed`: what was found instead, or the error. */
  readonly found?: string;
}

/**
 * Why a pass runs: `armed` when the watcher starts to report events (it missed earlier ones), `rescan` when the
 * interval has passed.
 */
export type WatchTrigger = 'start' | 'event' | 'armed' | 'rescan' | 'reload';

/** Why something happened. */
export type WatchReason =
  /** The device did not exist at the last pass. */
  | 'appeared'
  /** The device existed at the last pass but did not have this link, for example because the policy changed. */
  | 'claimed'
  /** The link was correct at the last pass and no longer exists. */
  | 'missing'
  /** The kernel gave the device another number. */
  | 'renumbered'
  /** The link pointed to something else. */
  | 'wrong-target'
  | 'gone'
  | 'unclaimed'
  | 'temporary'
  /** Two devices claim the same link. */
  | 'name-conflict'
  /** A file that vfio-names does not manage is at the link's path. */
  | 'blocked'
  /** The owner, group or mode of the node did not match the access rules. */
  | 'access'
  /** The CDI or features file at `file` was written; if it was removed, the reason is `gone`. */
  | 'written'
  /** A system call failed; `found` is its errno. */
  | 'change-failed'
  /** The sysfs directory of a device could not be read. */
  | 'unreadable'
  /** Another program keeps undoing the changes. */
  | 'unstable';

/** The result of a pass. */
export interface Pass {
  readonly outcomes: readonly Outcome[];
  readonly access: readonly AccessOutcome[];
  readonly problems: readonly Problem[];
  readonly conflicts: Iterable<Conflict>;
  readonly stable: boolean;
  readonly devices: number;
  /** The number of devices whose node is missing. */
  readonly missing: number;
  /** The number of correct links. */
  readonly links: number;
}

/** The state before the pass. */
export interface StateBefore {
  /** The target of a link that was correct; `undefined` for other links. */
  readonly link: (link: string) => string | undefined;
  /** Whether a device with this name existed. */
  readonly device: (name: string) => boolean;
  /** The lasting problems that were already reported. */
  readonly told: ReadonlySet<string>;
}

export interface Counts {
  readonly devices: number;
  /** Devices whose node is missing in /dev/vfio/devices; they have no links. */
  readonly missing: number;
  /** The number of correct links. */
  readonly links: number;
  /** Lasting problems: conflicts, blocked links, failed system calls, unreadable files. */
  readonly findings: number;
}

/** Returns the events of one pass, its counts, and the problems that are not reported again while they last. */
export function report(
  { outcomes, access, problems, conflicts, stable, devices, missing, links }: Pass,
  before: StateBefore,
): { readonly events: readonly WatchEvent[]; readonly counts: Counts; readonly told: ReadonlySet<string> } {
  const events: WatchEvent[] = [];
  const lasting: WatchEvent[] = problems.map(({ file, message }) => ({
    event: 'failed',
    reason: 'unreadable',
    file,
    found: message,
  }));
  for (const { change, result, errno } of outcomes) {
    if (result === 'done') events.push(...done(change, before));
    else if (result === 'failed')
      lasting.push({ event: 'failed', reason: 'change-failed', ...subject(change), found: errno ?? 'EIO' });
    else if (change.action === 'blocked')
      lasting.push({ event: 'conflict', reason: 'blocked', ...subject(change), found: change.found });
  }
  for (const { link, winner, losers } of conflicts)
    for (const loser of losers)
      lasting.push({
        event: 'conflict',
        reason: 'name-conflict',
        link,
        name: loser.name,
        ...(winner && { found: winner.name }),
      });
  for (const { result, file, name, from, to, error } of access) {
    const node = { file, ...(name !== undefined && { name }) };
    if (result === 'done')
      events.push({ event: 'access', reason: 'access', ...node, from: from ?? '', to: to ?? '' });
    else lasting.push({ event: 'failed', reason: 'change-failed', ...node, found: error ?? 'EIO' });
  }
  if (!stable)
    lasting.push({ event: 'failed', reason: 'unstable', file: '/dev/vfio', found: 'other changes' });

  const told = new Set(lasting.map((problem) => JSON.stringify(problem)));
  return {
    events: [...events, ...lasting.filter((problem) => !before.told.has(JSON.stringify(problem)))],
    counts: { devices, missing, links, findings: told.size },
    told,
  };
}

function done(change: Change, before: StateBefore): WatchEvent[] {
  const previous = before.link(change.link);
  switch (change.action) {
    case 'create':
      if (previous !== undefined) return [{ event: 'repaired', reason: 'missing', ...subject(change) }];
      return [
        {
          event: 'added',
          reason: before.device(change.name) ? 'claimed' : 'appeared',
          ...subject(change),
        },
      ];
    case 'replace':
      return [
        {
          event: 'repaired',
          reason: previous === change.from ? 'renumbered' : 'wrong-target',
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
  const device = 'name' in change ? { name: change.name, target: change.target } : {};
  return { link: change.link, ...device };
}
