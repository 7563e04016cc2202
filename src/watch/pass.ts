/**
 * Runs one pass: an incremental one over the places that hints name if possible, a full one otherwise. Returns what was done,
 * and what report() needs to know about the state before the pass.
 */
import type { Machine } from '../links/observe.ts';
import { sync } from '../links/sync.ts';
import { claimNode } from '../names/claims.ts';
import { linkTarget } from '../names/scheme.ts';
import type { Pass, StateBefore } from './events.ts';
import { syncPaths } from './incremental.ts';
import type { Hints } from './loop.ts';
import { correctTarget, deviceName, type WatchState, watchState } from './state.ts';

/** What is kept between passes. */
export interface Memory {
  /** The state after the last pass; `undefined` before the first pass and after a full pass that failed. */
  state?: WatchState | undefined;
  /** What is left of an older state then. */
  past?: Past | undefined;
}

/** The part of a state that report() needs. */
export interface Past {
  /** The nodes of the links that were correct. */
  readonly nodes: ReadonlyMap<string, string>;
  /** The names of the devices. */
  readonly names: ReadonlySet<string>;
}

export interface PassResult {
  readonly pass: Pass;
  readonly before: Omit<StateBefore, 'told'>;
  /** The missing nodes of the devices that the pass covered; relative to /dev/vfio. */
  readonly missing: readonly string[];
}

/** Runs a pass and updates `memory`. Without a state of the previous pass, or without `places`, the pass is a full one. */
export function runPass(machine: Machine, token: string, memory: Memory, places: Hints['paths']): PassResult {
  let { state } = memory;
  const incremental = state && places ? syncPaths(machine, token, state, places) : undefined;
  const { known, before: changed } = incremental ?? {
    known: new Set(),
    before: new Map<string, undefined>(),
  };
  const fresh = new Set(incremental?.devices.flatMap(({ name }) => (known.has(name) ? [] : [name])));
  if (state && incremental?.done) {
    const current = state;
    // A problem that lasts is reported by full passes, so full passes run until it is solved.
    if (incremental.access.some(({ result }) => result === 'failed')) memory.state = { ...state, fit: false };
    return {
      missing: placesOf(
        incremental.devices.flatMap(({ sysname }) => (current.missing.has(sysname) ? [sysname] : [])),
      ),
      pass: { ...incremental, ...passOf(state), problems: [], stable: true },
      before: {
        link: (path) => (changed.has(path) ? changed.get(path) : correctTarget(current, path)),
        device: (name) => !fresh.has(name),
      },
    };
  }
  // The state of thousands of devices is large: release it before the next one is built.
  const past = state ? pastOf(state) : memory.past;
  state = undefined;
  memory.state = undefined;
  memory.past = past;
  const full = sync(machine, token);
  const { scan, assignment } = full.observation;
  const next = watchState(full);
  memory.state = next;
  memory.past = undefined;
  return {
    missing: placesOf(next.missing),
    pass: {
      ...passOf(next),
      outcomes: [...(incremental?.outcomes ?? []), ...full.outcomes],
      access: [...(incremental?.access ?? []), ...full.access],
      // What went away is not missed by the next pass.
      problems: scan.problems.filter(({ code }) => code !== 'gone'),
      conflicts: assignment.conflicts,
      stable: full.stable,
    },
    before: {
      link: (path) => {
        if (changed.has(path)) return changed.get(path);
        const node = past?.nodes.get(path);
        return node === undefined ? undefined : linkTarget(path, node);
      },
      device: (name) => ((past?.names.has(name) ?? false) || known.has(name)) && !fresh.has(name),
    },
  };
}

function placesOf(sysnames: Iterable<string>): string[] {
  return [...sysnames].map((sysname) => `devices/${sysname}`);
}

/** What report() needs of a state, without the rest. */
function pastOf(state: WatchState): Past {
  const { seen, wanted, untrue } = state;
  const nodes = new Map<string, string>();
  for (const [link, claim] of wanted) if (!untrue.has(link)) nodes.set(link, claimNode(claim));
  return { nodes, names: new Set([...seen.keys()].flatMap((sysname) => deviceName(state, sysname) ?? [])) };
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
