import test from 'ava';
import fc from 'fast-check';
import { type Loop, longestPause, type Reason, shortestPause, startLoop } from '../../src/watch/loop.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';

interface Rig {
  readonly clock: FakeClock;
  readonly loop: Loop;
  readonly passes: (readonly Reason[])[];
  readonly stop: () => void;
  /** Makes passes wait from now on, until the result is called. */
  readonly hold: () => () => void;
}

function rig(act: () => Promise<void> | void = () => {}): Rig {
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
      await act();
      await gate;
    },
  });
  const hold = (): (() => void) => {
    let open = (): void => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      gate = undefined;
      open();
    };
  };
  return { clock, loop, passes, stop: () => controller.abort(), hold };
}

test('a burst of hints is one pass', async (t) => {
  const { clock, loop, passes } = rig();
  for (let count = 0; count < 100; count++) loop.hint('event');
  loop.hint('armed');
  t.is(passes.length, 0);
  await clock.pass(shortestPause);
  t.deepEqual(passes, [['event', 'armed']]);
});

test('hints that never stop do not put the pass off', async (t) => {
  const { clock, loop, passes } = rig();
  for (let count = 0; count < 20; count++) {
    loop.hint('event');
    await clock.pass(1);
  }
  t.true(passes.length >= 3);
});

test('hints during a pass make one more pass after it, never one beside it', async (t) => {
  const { clock, loop, passes, hold } = rig();
  const release = hold();
  loop.hint('start');
  await clock.pass(shortestPause);
  loop.hint('event');
  loop.hint('event');
  await clock.pass(10_000);
  t.deepEqual(passes, [['start']]);
  release();
  await clock.pass(longestPause);
  t.deepEqual(passes, [['start'], ['event']]);
});

test('without hints there is a pass an interval, and nothing else wakes up', async (t) => {
  const { clock, loop, passes } = rig();
  loop.hint('start');
  await clock.pass(shortestPause);
  t.is(clock.pending(), 1);
  await clock.pass(29_999);
  t.deepEqual(passes, [['start']]);
  await clock.pass(60_100);
  t.deepEqual(passes, [['start'], ['rescan'], ['rescan'], ['rescan']]);
  t.is(clock.pending(), 1);
});

test('a loop that nobody gives a hint looks after an interval', async (t) => {
  const { clock, passes } = rig();
  await clock.pass(30_100);
  t.deepEqual(passes, [['rescan']]);
});

test('long passes are spaced out by their own length, up to a quarter of a second', async (t) => {
  const box: { clock?: FakeClock } = {};
  const made = rig(
    () =>
      new Promise((resolve) => {
        box.clock?.after(100, resolve);
      }),
  );
  box.clock = made.clock;
  made.loop.hint('start');
  await made.clock.pass(shortestPause + 100);
  made.loop.hint('event');
  await made.clock.pass(99);
  t.is(made.passes.length, 1);
  await made.clock.pass(1);
  t.is(made.passes.length, 2);
});

test('the end while nothing runs is at once, and no timer is left', async (t) => {
  const { clock, loop, passes, stop } = rig();
  loop.hint('event');
  stop();
  await loop.done;
  loop.hint('event');
  await clock.pass(60_000);
  t.deepEqual(passes, []);
  t.is(clock.pending(), 0);
});

test('the end waits for the pass that runs, and begins no other', async (t) => {
  const { clock, loop, passes, stop, hold } = rig();
  const release = hold();
  loop.hint('start');
  await clock.pass(shortestPause);
  loop.hint('event');
  stop();
  let ended = false;
  void loop.done.then(() => {
    ended = true;
  });
  await clock.pass(1000);
  t.false(ended);
  release();
  await loop.done;
  await clock.pass(60_000);
  t.deepEqual(passes, [['start']]);
  t.is(clock.pending(), 0);
});

test('a loop that was ended before it began has ended', async (t) => {
  const controller = new AbortController();
  controller.abort();
  const clock = fakeClock();
  const loop = startLoop({ clock, interval: 1, signal: controller.signal, pass: () => t.fail() });
  loop.hint('start');
  await loop.done;
  await clock.pass(10);
  t.is(clock.pending(), 0);
});

test('what a pass throws ends the loop and is told', async (t) => {
  const { clock, loop, passes } = rig(() => {
    throw new Error('a fault');
  });
  const done = t.throwsAsync(loop.done, { message: 'a fault' });
  loop.hint('start');
  await clock.pass(shortestPause);
  await done;
  loop.hint('event');
  await clock.pass(60_000);
  t.is(passes.length, 1);
  t.is(clock.pending(), 0);
});

test('after the last hint there is always a pass that began later, and never two at once', async (t) => {
  const step = fc.record({ wait: fc.nat(400), length: fc.nat(300) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const clock = fakeClock();
      let [active, most, lastStart, length] = [0, 0, -1, 0];
      const loop = startLoop({
        clock,
        interval: 30_000,
        signal: new AbortController().signal,
        pass: async () => {
          lastStart = clock.now();
          most = Math.max(most, ++active);
          await new Promise<void>((resolve) => void clock.after(length, resolve));
          active--;
        },
      });
      let lastHint = 0;
      for (const { wait, length: next } of steps) {
        await clock.pass(wait);
        length = next;
        lastHint = clock.now();
        loop.hint('event');
      }
      await clock.pass(300 + longestPause + 1);
      return most === 1 && lastStart >= lastHint && lastStart <= lastHint + 300 + longestPause;
    }),
    { numRuns: 50 },
  );
  t.pass();
});
