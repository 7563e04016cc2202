import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { startChild } from '../../../../src/system/node/child.ts';
import { nodeFiles } from '../../../../src/system/node/files.ts';
import { inheritedFds } from '../../../../src/system/proc-self.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

const { env } = process;
const sh = (script: string, ...args: string[]) => ({
  command: 'sh',
  args: ['-c', script, 'sh', ...args],
  fds: [],
  env,
});

test('startChild reports the exit status of the child', async (t) => {
  t.deepEqual(await startChild(sh('exit 0')).exit, { kind: 'ended', status: 0 });
  t.deepEqual(await startChild(sh('exit 77')).exit, { kind: 'ended', status: 77 });
});

test('startChild sends signals to the child and reports 128 + N if signal N ends it', async (t) => {
  for (const [name, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    const child = startChild({ ...sh(''), command: 'sleep', args: ['600'] });
    child.signal(name);
    t.deepEqual(await child.exit, { kind: 'ended', status });
    t.notThrows(() => child.signal(name), 'signal after the child has ended');
  }
  t.deepEqual(await startChild(sh('kill -9 $$')).exit, { kind: 'ended', status: 137 });
});

test('startChild reports the errno if the program does not exist, is not executable, or gets too many arguments', async (t) => {
  const root = fakeRoot(t);
  root.write('/text', 'text');
  for (const [command, errno] of [
    ['/none/such', 'ENOENT'],
    [root.at('/text'), 'EACCES'],
    [root.dir, 'EACCES'],
  ] as const)
    t.deepEqual(await startChild({ command, args: [], fds: [], env }).exit, {
      kind: 'not-started',
      errno,
    });
  const child = startChild({ command: 'true', args: ['x'.repeat(1 << 24)], fds: [], env });
  t.deepEqual(await child.exit, { kind: 'not-started', errno: 'E2BIG' });
  t.notThrows(() => child.signal('SIGTERM'));
});

test('startChild throws a TypeError for an argument that contains NUL', (t) => {
  t.throws(() => startChild({ command: 'true', args: ['\0'], fds: [], env }), { instanceOf: TypeError });
});

/** Starts a child and returns its descriptors: the target of each link in /proc/self/fd by number. */
async function descriptors(
  t: ExecutionContext,
  fds: readonly number[],
  inherited: readonly number[],
): Promise<Record<string, string>> {
  const root = fakeRoot(t);
  await startChild({ ...sh('exec ls -l /proc/self/fd > "$1"', root.at('/list')), fds, inherited }).exit;
  const lines = fs.readFileSync(root.at('/list'), 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, number, to = ''] = /(\d+) -> (.*)/.exec(line) ?? [];
      return number === undefined ? [] : [[number, to]];
    }),
  );
}

test('startChild passes the given descriptors from 3 on, in their order, and no others', async (t) => {
  const fds = ['/dev/null', '/dev/zero', '/dev/full'].map((path) => fs.openSync(path, 'r+'));
  t.teardown(() => fds.map((fd) => fs.closeSync(fd)));
  // The descriptors are passed in descending order, and one of them is not passed.
  const [a = -1, b = -1, c = -1] = fds;
  const found = await descriptors(t, [c, a], inheritedFds(nodeFiles));
  t.is(found['3'], '/dev/full');
  t.is(found['4'], '/dev/null');
  t.false(Object.values(found).includes('/dev/zero'), `${b} is not inherited`);
  // ls has a directory of /proc open.
  const others = Object.keys(found).filter(
    (number) => Number(number) > 4 && !found[number]?.startsWith('/proc/'),
  );
  for (const number of others) t.is(found[number], '/dev/null', number);
});

test('startChild replaces inherited descriptors with /dev/null in the child, except those it passes', async (t) => {
  const fds = ['/dev/zero', '/dev/full'].map((path) => fs.openSync(path, 'r+'));
  t.teardown(() => fds.map((fd) => fs.closeSync(fd)));
  const found = await descriptors(t, fds, [3, 4, 70, 72]);
  t.is(found['3'], '/dev/zero');
  t.is(found['4'], '/dev/full');
  t.is(found['70'], '/dev/null');
  t.is(found['71'], undefined);
  t.is(found['72'], '/dev/null');
});
