import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import koffi from 'koffi';
import { loadTryWrite } from '../../../../src/system/node/libc.ts';
import { nonblockingWrite, type TryWrite } from '../../../../src/system/node/stdio.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

/** Writes until nothing can be written, and returns how much was. */
function fill(t: ExecutionContext, tryWrite: TryWrite): number {
  const bytes = Buffer.alloc(1000, 'x');
  let total = 0;
  t.throws(
    () => {
      for (;;) total += tryWrite(bytes);
    },
    { code: 'EAGAIN' },
  );
  return total;
}

/** A pipe: its reading and its writing end, which both wait. */
function pipe(t: ExecutionContext): [number, number] {
  const path = fakeRoot(t).at('/pipe');
  spawnSync('mkfifo', [path]);
  const both = fs.openSync(path, fs.constants.O_RDWR);
  const [reader, writer] = [fs.openSync(path, 'r'), fs.openSync(path, 'w')];
  fs.closeSync(both);
  t.teardown(() => {
    fs.closeSync(writer);
  });
  return [reader, writer];
}

const flagsOf = (fd: number): number =>
  Number.parseInt(/flags:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8);

test('writing to a full pipe fails with EAGAIN, and the flags of the pipe stay', async (t) => {
  const [reader, writer] = pipe(t);
  t.teardown(() => fs.closeSync(reader));
  const before = flagsOf(writer);
  const tryWrite = nonblockingWrite(writer, () => t.fail() as never);
  const total = fill(t, tryWrite);
  t.is(flagsOf(writer), before);
  let read = 0;
  while (read < total) read += fs.readSync(reader, Buffer.alloc(65_536));
  t.is(tryWrite(Buffer.from('y')), 1);
});

test('writing to a pipe without a reader fails with EPIPE', (t) => {
  const [reader, writer] = pipe(t);
  fs.closeSync(reader);
  const tryWrite = nonblockingWrite(writer, () => t.fail() as never);
  t.throws(() => tryWrite(Buffer.from('x')), { code: 'EPIPE' });
});

test('a write to a pipe that cannot be opened again does not wait either', async (t) => {
  const [reader, writer] = pipe(t);
  t.teardown(() => fs.closeSync(reader));
  t.true(fill(t, await loadTryWrite(writer, false)) >= 4096);
});

test('writing to a socket with a full queue fails with EAGAIN', async (t) => {
  const ends = new Int32Array(2);
  // AF_UNIX, SOCK_STREAM: what systemd hands over as standard output.
  t.is(koffi.load(null).func('int socketpair(int, int, int, void *)')(1, 1, 0, ends), 0);
  const [reader = -1, writer = -1] = ends;
  t.teardown(() => {
    fs.closeSync(reader);
    fs.closeSync(writer);
  });
  const before = flagsOf(writer);
  let loaded: Promise<TryWrite> | undefined;
  const tryWrite = nonblockingWrite(writer, (fd, isSocket) => {
    loaded = loadTryWrite(fd, isSocket);
    return loaded;
  });
  await loaded;
  await null;
  t.true(fill(t, tryWrite) > 0);
  t.is(flagsOf(writer), before);
});

test('a file is written as it is', (t) => {
  const root = fakeRoot(t);
  root.write('/log', '');
  const fd = fs.openSync(root.at('/log'), 'w');
  t.teardown(() => fs.closeSync(fd));
  nonblockingWrite(fd, () => t.fail() as never)(Buffer.from('line\n'));
  t.is(fs.readFileSync(root.at('/log'), 'utf8'), 'line\n');
});
