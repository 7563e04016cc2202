import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { sync } from '../../src/links/sync.ts';
import { fakeFiles } from '../support/fake-root.ts';
import {
  buildMachine,
  type MachineState,
  machineStates,
  scratchPath,
  snapshot,
  tagClaims,
} from '../support/world.ts';

const turn = new Int32Array(new SharedArrayBuffer(12));

/** A worker thread does not load TypeScript by itself. */
const loadWorker = ['../support/require-typescript.cjs', 'sync-worker.ts']
  .map((file) => `require(${JSON.stringify(join(import.meta.dirname, file))});`)
  .join('');

/** Returns after both workers have loaded their code, which needs the main thread; it is blocked later. */
async function startWorkers(t: ExecutionContext): Promise<readonly [Worker, Worker]> {
  const start = async (me: 1 | 2): Promise<Worker> => {
    const worker = new Worker(loadWorker, { eval: true, workerData: { turn, me } });
    t.teardown(() => worker.terminate());
    await once(worker, 'message');
    return worker;
  };
  return [await start(1), await start(2)];
}

/**
 * Runs two syncs on one machine, ordering their calls by `schedule`, then alternating; returns their results (1:
 * success).
 */
function interleave(
  workers: readonly [Worker, Worker],
  root: string,
  schedule: readonly boolean[],
): readonly number[] {
  turn.fill(0);
  for (const worker of workers) worker.postMessage(root);
  for (let step = 0; Atomics.load(turn, 1) === 0 || Atomics.load(turn, 2) === 0; step++) {
    const preferred = (schedule[step] ?? step % 2 === 0) ? 1 : 2;
    const next = Atomics.load(turn, preferred) === 0 ? preferred : 3 - preferred;
    Atomics.store(turn, 0, next);
    Atomics.notify(turn, 0);
    while (Atomics.load(turn, 0) === next) Atomics.wait(turn, 0, next);
  }
  return [Atomics.load(turn, 1), Atomics.load(turn, 2)];
}

/** Bursts of calls of one worker, since the interesting races need one sync to be several calls ahead. */
const schedule = fc
  .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 12 })), { maxLength: 40 })
  .map((runs) => runs.flatMap(([who, length]) => Array<boolean>(length).fill(who)));

test('two concurrent syncs, interleaved call by call, both succeed and end in the same correct state', async (t) => {
  const workers = await startWorkers(t);
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, schedule, (generated: MachineState, order) => {
      const alone = buildMachine(dir, generated);
      sync({ files: fakeFiles, root: dir, policyNames: tagClaims }, 'alone');
      const expected = snapshot(alone);
      const root = buildMachine(dir, generated);
      t.deepEqual(interleave(workers, dir, order), [1, 1]);
      t.deepEqual(snapshot(root), expected);
    }),
    { numRuns: 40 },
  );
});
