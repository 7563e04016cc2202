import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { inheritedFds, isForeground, isForegroundStat, startChild } from '../../../src/exec/child.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

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

test('inheritedFds returns descriptors above 2 without close-on-exec, and none if /proc is missing', (t) => {
  const flags: Readonly<Record<string, string>> = {
    0: '0100002',
    2: '0100001',
    9: '0100000',
    17: '02100000',
    250: '0100001',
    3: '02000002',
  };
  const files = {
    ...nodeFiles,
    readdir: () => ['0', '17', '2', '250', '3', '9', '18'],
    read: (path: string): string => {
      const found = flags[path.slice('/proc/self/fdinfo/'.length)];
      if (found === undefined) throw errnoError('ENOENT');
      return `pos:\t0\nflags:\t${found}\nmnt_id:\t31\nino:\t1\n`;
    },
  };
  t.deepEqual(inheritedFds(files), [9, 250]);
  const noProc = hookedFiles(() => {
    throw errnoError('ENOENT');
  });
  t.deepEqual(inheritedFds(noProc), []);
});

test('the foreground check compares the process group with the foreground process group of the terminal', (t) => {
  t.true(isForegroundStat('12 (node) S 1 12 12 34816 12 4194304'));
  t.false(isForegroundStat('12 (node) S 1 12 12 34816 99 4194304'));
  t.false(isForegroundStat('12 (node) S 1 12 12 0 -1 4194304'));
  t.true(isForegroundStat('12 (a) b) (c d) S 1 12 12 34816 12 4194304'));
  t.false(isForegroundStat(''));
  t.is(typeof isForeground(nodeFiles), 'boolean');
  const noProc = hookedFiles(() => {
    throw errnoError('ENOENT');
  });
  t.false(isForeground(noProc));
});
