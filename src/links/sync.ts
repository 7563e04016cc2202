/** Scans and applies changes until a scan finds no difference. */
import { type AccessOutcome, applyAccess } from './access.ts';
import { apply } from './apply.ts';
import { namedGroups } from './group-access.ts';
import { type Machine, type Observation, observe } from './observe.ts';
import type { Outcome } from './plan.ts';

export interface SyncResult {
  /** Changes that were applied, failed or were blocked; changes that another process made first are omitted. */
  readonly outcomes: readonly Outcome[];
  /** The last scan. */
  readonly observation: Observation;
  /** Nodes whose access differed from the access rules. */
  readonly access: readonly AccessOutcome[];
  /** Whether the last scan found no changes that can be applied. */
  readonly stable: boolean;
}

/** After this many scans, another process is assumed to be reverting the changes. */
const MAX_ROUNDS = 16;

/** A change that fails this often with an errno that usually indicates a race counts as failed. */
const MAX_TRIES = 3;

/**
 * Creates, replaces and removes links until they match sysfs and the policy, then applies the access rules. A run ends
 * only after a scan that follows its last change and finds nothing to do, so that of two concurrent runs, the one that
 * makes the last change also verifies it. `token` makes the temporary names unique to this run.
 */
export function sync(machine: Machine, token: string): SyncResult {
  const outcomes: Outcome[] = [];
  let access: readonly AccessOutcome[] = [];
  const failed = new Set<string>();
  const tries = new Map<string, number>();
  for (let round = 1; ; round++) {
    const observation = observe(machine);
    const remaining = observation.changes.filter((change) => !failed.has(JSON.stringify(change)));
    const applicable = remaining.filter((change) => change.action !== 'blocked');
    if (applicable.length === 0 || round > MAX_ROUNDS) {
      const result = applyAccess(machine, observation.scan.devices, namedGroups(observation));
      // A failure is reported by the last round.
      access = [...access.filter((outcome) => outcome.result === 'done'), ...result.outcomes];
      if (result.raced && round <= MAX_ROUNDS) continue;
      const blocked = observation.changes.filter((change) => change.action === 'blocked');
      return {
        outcomes: [...outcomes, ...blocked.map((change): Outcome => ({ change, result: 'blocked' }))],
        observation,
        access,
        stable: applicable.length === 0 && !result.raced,
      };
    }
    for (const outcome of apply(machine.files, machine.root, applicable, `${token}-${round}`)) {
      const key = JSON.stringify(outcome.change);
      const count = (tries.get(key) ?? 0) + 1;
      tries.set(key, count);
      const stuck = outcome.result === 'raced' && outcome.errno !== undefined && count >= MAX_TRIES;
      if (outcome.result === 'raced' && !stuck) continue;
      outcomes.push(stuck ? { ...outcome, result: 'failed' } : outcome);
      if (stuck || outcome.result === 'failed') failed.add(key);
    }
  }
}
