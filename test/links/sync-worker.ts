/** One of two syncs that take turns: before each system call it waits until it is let. */
import { parentPort, workerData } from 'node:worker_threads';
import { sync } from '../../src/links/sync.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';
import { tags } from './world.ts';

export interface Turns {
  /** [0]: whose turn it is, 0 nobody's; [1] and [2]: 1 when that run has ended. */
  readonly turn: Int32Array;
  readonly me: 1 | 2;
}

const { turn, me } = workerData as Turns;

function wait(): void {
  for (let now = Atomics.load(turn, 0); now !== me; now = Atomics.load(turn, 0)) Atomics.wait(turn, 0, now);
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
  const { settled, outcomes } = sync({ files, root, more: tags }, `run-${me}`);
  const failed = outcomes.filter((outcome) => outcome.result === 'failed').length;
  Atomics.store(turn, me, settled && failed === 0 ? 1 : 2);
  yieldTurn();
});
parentPort?.postMessage('ready');
