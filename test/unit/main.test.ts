import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import koffi from 'koffi';
import { type FakeRoot, fakeRoot } from '../support/fake-root.ts';
import { programCommand } from '../support/given-program.ts';

const [program, ...options] = programCommand;

/** The write end of a pipe whose read end is closed. */
function brokenPipe(root: FakeRoot): number {
  const path = root.at('/pipe');
  if (spawnSync('mkfifo', [path]).status !== 0) throw new Error('no mkfifo');
  const readWrite = fs.openSync(path, fs.constants.O_RDWR);
  const end = fs.openSync(path, fs.constants.O_WRONLY);
  fs.closeSync(readWrite);
  return end;
}

function run(args: readonly string[], stdout: number | 'pipe', stderr: number | 'pipe') {
  return spawnSync(program, [...options, ...args], {
    stdio: ['ignore', stdout, stderr],
    encoding: 'utf8',
  });
}

test('a command with a closed stdout finishes its work and keeps its exit status', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const pipe = brokenPipe(root);
  t.teardown(() => fs.closeSync(pipe));
  const at = ['--root', root.dir];
  const plan = run(['plan', ...at], pipe, 'pipe');
  t.deepEqual([plan.status, plan.stderr], [6, ''], 'changes are pending');
  const sync = run(['sync', ...at], pipe, 'pipe');
  t.deepEqual([sync.status, sync.stderr], [0, '']);
  t.is(fs.readlinkSync(root.at('/dev/vfio/pci/0000:01:00.0')), '../devices/vfio0');
});

test('a command with an unwritable stderr keeps its exit status', (t) => {
  const root = fakeRoot(t);
  const pipe = brokenPipe(root);
  const full = fs.openSync('/dev/full', 'w');
  t.teardown(() => [pipe, full].map((fd) => fs.closeSync(fd)));
  for (const stderr of [pipe, full]) {
    t.is(run(['frob'], 'pipe', stderr).status, 2);
    t.is(run(['resolve', 'vfio9', '--root', root.dir], 'pipe', stderr).status, 3);
  }
});

test('a failed write to stdout prints one line on stderr and exits with status 1', (t) => {
  const full = fs.openSync('/dev/full', 'w');
  t.teardown(() => fs.closeSync(full));
  const { status, stderr } = run(['--version'], full, 'pipe');
  t.is(stderr, 'vfio-names: could not write: standard output: disk full (ENOSPC)\n');
  t.is(status, 1);
});

test('watch with a closed stdout stops with status 1', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const pipe = brokenPipe(root);
  t.teardown(() => fs.closeSync(pipe));
  const child = spawn(program, [...options, 'watch', '--root', root.dir], {
    stdio: ['ignore', pipe, 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  t.deepEqual(await once(child, 'exit'), [1, null]);
  t.is(fs.readlinkSync(root.at('/dev/vfio/pci/0000:01:00.0')), '../devices/vfio0');
});

/** A pipe that takes one page and is not read: its reading and its writing end. */
function stuckPipe(t: ExecutionContext, root: FakeRoot, name: string): [number, number] {
  const path = root.at(name);
  if (spawnSync('mkfifo', [path]).status !== 0) throw new Error('no mkfifo');
  const reader = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const writer = fs.openSync(path, fs.constants.O_WRONLY);
  // F_SETPIPE_SZ
  koffi.load(null).func('int fcntl(int, int, ...)')(writer, 1031, 'int', 4096);
  t.teardown(() => [reader, writer].map((fd) => fs.closeSync(fd)));
  return [reader, writer];
}

/** Calls `check` after each change of the directory until it returns true. */
async function until(directory: string, check: () => boolean): Promise<void> {
  const watcher = fs.watch(directory);
  while (!check()) await once(watcher, 'change');
  watcher.close();
}

for (const stuck of ['stdout', 'stderr'] as const)
  test(`watch maintains links and ends on SIGTERM while nobody reads its ${stuck}`, async (t) => {
    const root = fakeRoot(t);
    // Each conflict is a line on stderr, each link one on stdout.
    root.write('/etc/vfio-names/10.toml', '[[link]]\nmatch = { bus = "pci" }\nname = "by-same/x"\n');
    for (let number = 0; number < 60; number++)
      root.add({ name: `0000:01:00.${number}`, sysname: `vfio${number}`, emptyNode: true });
    const [, writer] = stuckPipe(t, root, '/pipe');
    const child = spawn(program, [...options, 'watch', '--json', '--root', root.dir], {
      stdio: ['ignore', stuck === 'stdout' ? writer : 'ignore', stuck === 'stderr' ? writer : 'ignore'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const directory = root.at('/dev/vfio/pci');
    fs.mkdirSync(directory, { recursive: true });
    const link = `${directory}/0000:01:00.59`;
    const isThere = (): boolean => fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined;
    for (let round = 0; round < 3; round++) {
      await until(directory, isThere);
      fs.rmSync(link);
    }
    child.kill('SIGTERM');
    t.deepEqual(await once(child, 'exit'), [0, null]);
  });
