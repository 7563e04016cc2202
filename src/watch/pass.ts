/**
 * Runs one pass: an incremental one over the places that hints name if possible, a full one otherwise. Returns what was done
 * and the state before the pass, which report() needs.
 */
import type { Machine } from '../links/observe.ts';
import { sync } from '../links/sync.ts';
import type { Pass, StateBefore } from './events.ts';
import { syncPaths } from './incremental.ts';
import type { Hints } from './loop.ts';
import { correctTarget, deviceName, type WatchState, watchState } from './state.ts';

export interface PassResult {
  readonly pass: Pass;
  readonly before: Omit<StateBefore, 'told'>;
  readonly state: WatchState;
  /** The missing nodes of the devices that the pass covered; relative to /dev/vfio. */
  readonly missing: readonly string[];
}

/** Runs a pass. `state` is the result of the previous pass; without it or without `places`, the pass is a full one. */
export function runPass(
  machine: Machine,
  token: string,
  state: WatchState | undefined,
  places: Hints['paths'],
): PassResult {
  const incremental = state && places ? syncPaths(machine, token, state, places) : undefined;
  const { known, before: changed } = incremental ?? {
    known: new Set(),
    before: new Map<string, undefined>(),
  };
  const fresh = new Set(incremental?.devices.flatMap(({ name }) => (known.has(name) ? [] : [name])));
  const link: StateBefore['link'] = (path) =>
    changed.has(path) ? changed.get(path) : state && correctTarget(state, path);
  if (state && incremental?.done)
    return {
      // A problem that lasts is reported by full passes, so full passes run until it is solved.
      state: incremental.access.some(({ result }) => result === 'failed') ? { ...state, fit: false } : state,
      missing: placesOf(
        incremental.devices.flatMap(({ sysname }) => (state.missing.has(sysname) ? [sysname] : [])),
      ),
      pass: { ...incremental, ...passOf(state), problems: [], stable: true },
      before: { link, device: (name) => !fresh.has(name) },
    };
  const full = sync(machine, token);
  const { scan, assignment } = full.observation;
  const next = watchState(full);
  let names: Set<unknown> | undefined;
  return {
    state: next,
    missing: placesOf(next.missing),
    pass: {
      ...passOf(next),
      outcomes: [...(incremental?.outcomes ?? []), ...full.outcomes],
      access: [...(incremental?.access ?? []), ...full.access],
      problems: scan.problems,
      conflicts: assignment.conflicts,
      stable: full.stable,
    },
    before: {
      link,
      device: (name) => {
        names ??= new Set([...known, ...namesIn(state)]);
        return names.has(name) && !fresh.has(name);
      },
    },
  };
}

function placesOf(sysnames: Iterable<string>): string[] {
  return [...sysnames].map((sysname) => `devices/${sysname}`);
}

function namesIn(state: WatchState | undefined): string[] {
  if (!state) return [];
  return [...state.seen.keys()].flatMap((sysname) => deviceName(state, sysname) ?? []);
}

function passOf({
  seen,
  missing,
  wanted,
  untrue,
  conflicts,
}: WatchState): Pick<Pass, 'devices' | 'missing' | 'links' | 'conflicts'> {
  let links = wanted.size;
  for (const link of untrue) if (wanted.has(link)) links--;
  return { devices: seen.size, missing: missing.size, links, conflicts: conflicts.values() };
}
