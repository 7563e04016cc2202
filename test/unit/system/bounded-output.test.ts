import test from 'ava';
import { type BoundedOutput, boundedOutput } from '../../../src/system/bounded-output.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { errnoError } from '../../support/hooked-files.ts';

interface Pipe {
  /** How many bytes the pipe takes. */
  room: number;
  /** The errno of write(2); EAGAIN while there is no room. */
  errno: string | undefined;
  text: string;
  calls: number;
}

interface Trial {
  readonly pipe: Pipe;
  readonly output: BoundedOutput;
  readonly clock: FakeClock;
  readonly dropped: number[];
  readonly closed: () => number;
}

function trial(limit = 20, room = Number.POSITIVE_INFINITY): Trial {
  const pipe: Pipe = { room, errno: undefined, text: '', calls: 0 };
  const clock = fakeClock();
  const dropped: number[] = [];
  let closed = 0;
  const output = boundedOutput({
    tryWrite: (bytes) => {
      pipe.calls++;
      if (pipe.errno !== undefined) throw errnoError(pipe.errno);
      if (pipe.room === 0) throw errnoError('EAGAIN');
      const part = bytes.subarray(0, pipe.room);
      pipe.room -= part.length;
      pipe.text += new TextDecoder().decode(part);
      return part.length;
    },
    clock,
    limit,
    onDropped: (lines) => dropped.push(lines),
    onClosed: () => closed++,
  });
  return { pipe, output, clock, dropped, closed: () => closed };
}

test('lines are written at once, and no timer runs, while there is a reader', (t) => {
  const { pipe, output, clock } = trial();
  for (const line of ['one\n', 'two\n', 'ä\n']) output.write(line);
  t.is(pipe.text, 'one\ntwo\nä\n');
  t.is(clock.pending(), 0);
});

test('lines wait in their order while the pipe is full, and are continued where they were cut', async (t) => {
  const { pipe, output, clock, dropped } = trial(20, 6);
  for (const line of ['one\n', 'two\n', 'three\n']) output.write(line);
  t.is(pipe.text, 'one\ntw');
  pipe.room = 3;
  await clock.advance(20);
  t.is(pipe.text, 'one\ntwo\nt');
  pipe.room = Number.POSITIVE_INFINITY;
  await clock.advance(1000);
  t.is(pipe.text, 'one\ntwo\nthree\n');
  t.is(clock.pending(), 0);
  t.deepEqual(dropped, []);
});

test('lines beyond the limit are dropped whole, and counted once the pipe has room again', async (t) => {
  const { pipe, output, clock, dropped } = trial(8, 0);
  for (let number = 0; number < 1000; number++) output.write('one\n');
  output.write('two\ntwo\n');
  await clock.advance(60_000);
  t.deepEqual([pipe.text, dropped], ['', []]);
  pipe.room = Number.POSITIVE_INFINITY;
  await clock.advance(1000);
  t.is(pipe.text, 'one\none\n');
  t.deepEqual(dropped, [1000]);
  output.write('three\n');
  t.is(pipe.text, 'one\none\nthree\n');
  t.deepEqual(dropped, [1000]);
});

test('a stuck reader causes fewer and fewer calls', async (t) => {
  const { pipe, output, clock } = trial(8, 0);
  output.write('one\n');
  await clock.advance(60_000);
  t.true(pipe.calls < 80, `${pipe.calls}`);
});

test('a failed write drops its lines, and they are counted once writing works again', async (t) => {
  const { pipe, output, clock, dropped } = trial();
  pipe.errno = 'ENOSPC';
  for (let number = 0; number < 5; number++) output.write('one\n');
  await clock.advance(60_000);
  t.deepEqual(dropped, []);
  t.is(clock.pending(), 0);
  pipe.errno = undefined;
  output.write('two\n');
  t.is(pipe.text, 'two\n');
  t.deepEqual(dropped, [5]);
});

test('a closed pipe is reported once, and later lines are ignored', (t) => {
  const { pipe, output, closed, dropped } = trial();
  pipe.errno = 'EPIPE';
  output.write('one\n');
  output.write('two\n');
  output.end();
  t.is(closed(), 1);
  t.is(pipe.calls, 1);
  t.deepEqual(dropped, []);
});

test('the end writes what it can, counts the rest, and leaves no timer', (t) => {
  const { pipe, output, clock, dropped } = trial(20, 0);
  for (const line of ['one\n', 'two\n', 'three\n']) output.write(line);
  pipe.room = 4;
  output.end();
  t.is(pipe.text, 'one\n');
  t.deepEqual(dropped, [2]);
  t.is(clock.pending(), 0);
  output.write('four\n');
  t.is(clock.pending(), 0);
  pipe.room = 9;
  output.write('five\n');
  t.is(pipe.text, 'one\nfive\n');
});

test('an error without an errno is thrown', (t) => {
  const output = boundedOutput({
    tryWrite: () => {
      throw new TypeError('bug');
    },
    clock: fakeClock(),
    limit: 9,
    onDropped: () => t.fail(),
    onClosed: () => t.fail(),
  });
  t.throws(() => output.write('one\n'), { instanceOf: TypeError });
});
