/** A worker with one of two syncs that take turns: it waits for its turn before each system call. */
import { parentPort, workerData } from 'node:worker_threads';
import { sync } from '../../src/links/sync.ts';
import { hookedFiles } from '../support/hooked-files.ts';
import { tagClaims } from '../support/world.ts';

export interface Turns {
  /**
   * [0]: the worker whose turn it is, or 0; [1] and [2]: the result of that worker, 0 running, 1 success, 2 failure.
   */
  readonly turn: Int32Array;
  readonly me: 1 | 2;
}

const { turn, me } = workerData as Turns;

function wait(): void {
  for (let current = Atomics.load(turn, 0); current !== me; current = Atomics.load(turn, 0))
    Atomics.wait(turn, 0, current);
}

function yieldTurn(): void {
  Atomics.store(turn, 0, 0);
  Atomics.notify(turn, 0);
}

parentPort?.on('message', (root: string) => {
  wait();
  let first = true;
  const files = hookedFiles(() => {
    if (!first) {
      yieldTurn();
      wait();
    }
    first = false;
  });
  const { stable, outcomes } = sync({ files, root, policyNames: tagClaims }, `run-${me}`);
  const failed = outcomes.filter((outcome) => outcome.result === 'failed').length;
  Atomics.store(turn, me, stable && failed === 0 ? 1 : 2);
  yieldTurn();
});
parentPort?.postMessage('ready');
