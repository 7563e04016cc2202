/** Looks, changes, and looks again until there is nothing to do. Knows no output. */

import { type AccessOutcome, applyAccess } from './access.ts';
import { apply } from './apply.ts';
import type { Outcome } from './change.ts';
import { type Machine, type Observation, observe } from './observe.ts';

export interface SyncResult {
  /** What was done or could not be done; what somebody else did first is left out. */
  readonly outcomes: readonly Outcome[];
  /** The last look. */
  readonly last: Observation;
  /** Nodes that were not as the access rules want them. */
  readonly access: readonly AccessOutcome[];
  /** Whether the last look found nothing left that can be done. */
  readonly settled: boolean;
}

/** More looks than this mean that somebody undoes our work all the time. */
const mostRounds = 16;

/** A change that others seem to overtake so often in the same way is one that can't be made. */
const mostTries = 3;

/**
 * Makes the links those that are wanted. A run ends only after a look that follows its own last change and finds
 * nothing to do: so of two runs at once, the one that changes last has seen the truth after it.
 * `token` makes the temporary names this run's own.
 */
export function sync(machine: Machine, token: string): SyncResult {
  const outcomes: Outcome[] = [];
  const hopeless = new Set<string>();
  const tries = new Map<string, number>();
  for (let round = 1; ; round++) {
    const last = observe(machine);
    const open = last.changes.filter((change) => !hopeless.has(JSON.stringify(change)));
    const doable = open.filter((change) => change.action !== 'blocked');
    if (doable.length === 0 || round > mostRounds) {
      const blocked = last.changes.filter((change) => change.action === 'blocked');
      return {
        outcomes: [...outcomes, ...blocked.map((change): Outcome => ({ change, result: 'blocked' }))],
        last,
        access: machine.access
          ? applyAccess(machine.files, machine.root, machine.access, last.scan.devices)
          : [],
        settled: doable.length === 0,
      };
    }
    for (const outcome of apply(machine.files, machine.root, doable, `${token}-${round}`)) {
      const key = JSON.stringify(outcome.change);
      const count = (tries.get(key) ?? 0) + 1;
      tries.set(key, count);
      const stuck = outcome.result === 'changed' && outcome.errno !== undefined && count >= mostTries;
      if (outcome.result === 'changed' && !stuck) continue;
      outcomes.push(stuck ? { ...outcome, result: 'failed' } : outcome);
      if (stuck || outcome.result === 'failed') hopeless.add(key);
    }
  }
}
