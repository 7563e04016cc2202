import test from 'ava';
import fc from 'fast-check';
import { type Loop, maxDebounceMs, minDebounceMs, type Reason, startLoop } from '../../../src/watch/loop.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';

interface TestLoop {
  readonly clock: FakeClock;
  readonly loop: Loop;
  readonly passes: (readonly Reason[])[];
  readonly stop: () => void;
  /** Blocks passes until the returned function is called. */
  readonly block: () => () => void;
}

function startTestLoop(fn: () => Promise<void> | void = () => {}): TestLoop {
  const clock = fakeClock();
  const passes: (readonly Reason[])[] = [];
  const controller = new AbortController();
  let gate: Promise<void> | undefined;
  const loop = startLoop({
    clock,
    interval: 30_000,
    signal: controller.signal,
    pass: async ({ reasons }) => {
      passes.push([...reasons]);
      await fn();
      await gate;
    },
  });
  const block = (): (() => void) => {
    let release = (): void => {};
    gate = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      gate = undefined;
      release();
    };
  };
  return { clock, loop, passes, stop: () => controller.abort(), block };
}

test('loop runs one pass for a burst of hints', async (t) => {
  const { clock, loop, passes } = startTestLoop();
  for (let count = 0; count < 100; count++) loop.hint('event');
  loop.hint('armed');
  t.is(passes.length, 0);
  await clock.advance(minDebounceMs);
  t.deepEqual(passes, [['event', 'armed']]);
});

test('loop does not delay passes while hints keep coming', async (t) => {
  const { clock, loop, passes } = startTestLoop();
  for (let count = 0; count < 20; count++) {
    loop.hint('event');
    await clock.advance(1);
  }
  t.true(passes.length >= 3);
});

test('loop runs one more pass after the running one for hints during a pass', async (t) => {
  const { clock, loop, passes, block } = startTestLoop();
  const release = block();
  loop.hint('start');
  await clock.advance(minDebounceMs);
  loop.hint('event');
  loop.hint('event');
  await clock.advance(10_000);
  t.deepEqual(passes, [['start']]);
  release();
  await clock.advance(maxDebounceMs);
  t.deepEqual(passes, [['start'], ['event']]);
});

test('loop runs one pass per interval without hints, and has no other timer', async (t) => {
  const { clock, loop, passes } = startTestLoop();
  loop.hint('start');
  await clock.advance(minDebounceMs);
  t.is(clock.pending(), 1);
  await clock.advance(29_999);
  t.deepEqual(passes, [['start']]);
  await clock.advance(60_100);
  t.deepEqual(passes, [['start'], ['rescan'], ['rescan'], ['rescan']]);
  t.is(clock.pending(), 1);
});

test('loop runs its first pass after an interval if it gets no hint', async (t) => {
  const { clock, passes } = startTestLoop();
  await clock.advance(30_100);
  t.deepEqual(passes, [['rescan']]);
});

test('loop waits as long as the last pass took before the next one, up to the maximum pause', async (t) => {
  const ref: { clock?: FakeClock } = {};
  const started = startTestLoop(
    () =>
      new Promise((resolve) => {
        ref.clock?.setTimer(100, resolve);
      }),
  );
  ref.clock = started.clock;
  started.loop.hint('start');
  await started.clock.advance(minDebounceMs + 100);
  started.loop.hint('event');
  await started.clock.advance(99);
  t.is(started.passes.length, 1);
  await started.clock.advance(1);
  t.is(started.passes.length, 2);
});

test('loop ends at once on abort while no pass runs, and leaves no timer', async (t) => {
  const { clock, loop, passes, stop } = startTestLoop();
  loop.hint('event');
  stop();
  await loop.done;
  loop.hint('event');
  await clock.advance(60_000);
  t.deepEqual(passes, []);
  t.is(clock.pending(), 0);
});

test('loop completes the running pass on abort and starts no other', async (t) => {
  const { clock, loop, passes, stop, block } = startTestLoop();
  const release = block();
  loop.hint('start');
  await clock.advance(minDebounceMs);
  loop.hint('event');
  stop();
  let ended = false;
  void loop.done.then(() => {
    ended = true;
  });
  await clock.advance(1000);
  t.false(ended);
  release();
  await loop.done;
  await clock.advance(60_000);
  t.deepEqual(passes, [['start']]);
  t.is(clock.pending(), 0);
});

test('loop ends at once if the signal is already aborted', async (t) => {
  const controller = new AbortController();
  controller.abort();
  const clock = fakeClock();
  const loop = startLoop({ clock, interval: 1, signal: controller.signal, pass: () => t.fail() });
  loop.hint('start');
  await loop.done;
  await clock.advance(10);
  t.is(clock.pending(), 0);
});

test('loop ends and rejects with the error that a pass throws', async (t) => {
  const { clock, loop, passes } = startTestLoop(() => {
    throw new Error('a bug');
  });
  const done = t.throwsAsync(loop.done, { message: 'a bug' });
  loop.hint('start');
  await clock.advance(minDebounceMs);
  await done;
  loop.hint('event');
  await clock.advance(60_000);
  t.is(passes.length, 1);
  t.is(clock.pending(), 0);
});

test('loop always starts a pass after the last hint, and never runs two at once', async (t) => {
  const step = fc.record({ wait: fc.nat(400), length: fc.nat(300) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const clock = fakeClock();
      let [active, maxActive, lastStart, length] = [0, 0, -1, 0];
      const loop = startLoop({
        clock,
        interval: 30_000,
        signal: new AbortController().signal,
        pass: async () => {
          lastStart = clock.now();
          maxActive = Math.max(maxActive, ++active);
          await new Promise<void>((resolve) => void clock.setTimer(length, resolve));
          active--;
        },
      });
      let lastHint = 0;
      for (const { wait, length: next } of steps) {
        await clock.advance(wait);
        length = next;
        lastHint = clock.now();
        loop.hint('event');
      }
      await clock.advance(300 + maxDebounceMs + 1);
      return maxActive === 1 && lastStart >= lastHint && lastStart <= lastHint + 300 + maxDebounceMs;
    }),
    { numRuns: 50 },
  );
  t.pass();
});
