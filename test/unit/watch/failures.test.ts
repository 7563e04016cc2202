import { rmSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { maxDebounceMs } from '../../../src/watch/loop.ts';
import { retryDelayMs } from '../../../src/watch/service.ts';
import { FakeRoot } from '../../support/fake-root.ts';
import { type Call, changingCalls, errnoError, hookedFiles, Killed } from '../../support/hooked-files.ts';
import { type Service, startService } from '../../support/start-service.ts';
import { scratchPath } from '../../support/world.ts';

const errnos = ['EIO', 'ENOSPC', 'EACCES', 'EINTR'];

const nameOf = (number: number): string => `0000:0${number}:00.0`;

/** Three devices, with a policy that gives each two links. */
function createMachine(dir: string): FakeRoot {
  const root = new FakeRoot(dir);
  root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
  for (const number of [1, 2, 3])
    root.add({ name: nameOf(number), sysname: `vfio${number}`, emptyNode: true });
  return root;
}

/**
 * Two devices swap their numbers, one is removed, one is added, one link gets a wrong target, and one link is orphaned.
 * Returns the changed places.
 */
function changeMachine(root: FakeRoot): readonly string[] {
  for (const number of [1, 2, 3])
    root.unbind({
      bus: 'pci',
      name: nameOf(number),
      sysname: `vfio${number}`,
      syspath: `/sys/devices/pci0000:00/${nameOf(number)}`,
    });
  root.add({ name: nameOf(1), sysname: 'vfio2', emptyNode: true });
  root.add({ name: nameOf(2), sysname: 'vfio1', emptyNode: true });
  root.add({ name: nameOf(4), sysname: 'vfio4', emptyNode: true });
  root.linkWithTarget('/dev/vfio/by-tag/pci-0000_02_00_0', '../devices/vfio99');
  root.linkWithTarget('/dev/vfio/pci/left', '../devices/vfio98');
  return [
    ...[1, 2, 3, 4].map((number) => `devices/vfio${number}`),
    'by-tag/pci-0000_02_00_0',
    'pci/left',
    `pci/${nameOf(1)}`,
  ];
}

interface Run {
  readonly root: FakeRoot;
  readonly service: Service;
  /** The links before the pass. */
  readonly linksBefore: Readonly<Record<string, string>>;
}

/**
 * Starts the service, changes the machine after the first pass, and calls `beforeCall` before each system call of the next
 * pass.
 */
async function run(
  t: ExecutionContext,
  dir: string,
  full: boolean,
  beforeCall: (call: Call) => void,
): Promise<Run> {
  const root = createMachine(dir);
  let firstCall: number | undefined;
  let armed = false;
  const files = hookedFiles((call) => {
    if (!armed) return;
    firstCall ??= call.number;
    beforeCall({ ...call, number: call.number - firstCall + 1 });
  });
  const service = await startService(t, root, ['--json'], { files });
  const places = changeMachine(root);
  const linksBefore = root.links();
  armed = true;
  if (full) service.hint('event');
  else for (const place of places) service.hint('event', place);
  await service.clock.advance(maxDebounceMs);
  armed = false;
  return { root, service, linksBefore };
}

/** Runs the pass without errors; returns its system calls and the links after it. */
async function runWithoutErrors(t: ExecutionContext, full: boolean) {
  const calls: Call[] = [];
  const { root } = await run(t, scratchPath(t), full, (call) => calls.push(call));
  const expected = root.links();
  t.deepEqual(
    Object.keys(expected),
    ['by-tag', 'pci'].flatMap((directory) =>
      [1, 2, 4].map((n) => `${directory}/${directory === 'pci' ? nameOf(n) : `pci-0000_0${n}_00_0`}`),
    ),
  );
  t.true(calls.length > 30);
  return { calls, expected };
}

/** Returns the links whose target is neither the previous nor the expected one, temporary links excepted. */
function wrongLinks({ root, linksBefore }: Run, expected: Readonly<Record<string, string>>): string[] {
  return Object.entries(root.links())
    .filter(
      ([link, target]) =>
        target !== linksBefore[link] && target !== expected[link] && !/\/\.vfio-names-/.test(link),
    )
    .map(([link, target]) => `${link} -> ${target}`);
}

for (const [kind, full] of [
  ['an incremental', false],
  ['a full', true],
] as const) {
  test(`watch killed before any system call of ${kind} pass leaves no wrong links, and the next start corrects all links`, async (t) => {
    const { calls, expected } = await runWithoutErrors(t, full);
    for (const { number, name, path } of calls) {
      const where = `at call ${number}, ${name} ${path}`;
      const killed = await run(t, scratchPath(t), full, (call) => {
        if (call.number >= number) throw new Killed(where);
      });
      await t.throwsAsync(killed.service.status, { instanceOf: Killed }, where);
      t.deepEqual(wrongLinks(killed, expected), [], where);
      await startService(t, killed.root);
      t.deepEqual(killed.root.links(), expected, where);
    }
  });

  test(`watch continues after an error in any system call of ${kind} pass, and the next pass corrects all links`, async (t) => {
    const { calls, expected } = await runWithoutErrors(t, full);
    // Each changing call fails with each errno, each reading call with one of them in turn.
    for (const { number, name, path } of calls)
      for (const errno of changingCalls.has(name) ? errnos : errnos.slice(number % 4, (number % 4) + 1)) {
        const where = `${errno} at call ${number}, ${name} ${path}`;
        const failed = await run(t, scratchPath(t), full, (call) => {
          if (call.number === number) throw Object.assign(errnoError(errno), { path, syscall: name });
        });
        t.deepEqual(wrongLinks(failed, expected), [], where);
        for (const line of failed.service.err) t.regex(line, /^vfio-names: .* .*\/(dev|sys)\/.*/, where);
        failed.service.hint('armed');
        await failed.service.clock.advance(maxDebounceMs);
        t.deepEqual(failed.root.links(), expected, where);
        t.is(failed.service.sent.at(-1)?.['STATUS'], '3 devices, 6 names', where);
      }
  });
}

test('watch reports a failed pass once with its path, and retries until it works', async (t) => {
  const root = createMachine(scratchPath(t));
  let broken = false;
  const files = hookedFiles(({ name, path }) => {
    if (broken && name === 'readdir' && path.endsWith('/sys/class/vfio-dev'))
      throw Object.assign(errnoError('EIO'), { path, syscall: 'scandir' });
  });
  const service = await startService(t, root, ['--json'], { files });
  changeMachine(root);
  broken = true;
  service.hint('event');
  await service.clock.advance(maxDebounceMs + 2 * retryDelayMs);
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /could not scandir \/.*\/sys\/class\/vfio-dev: EIO; the names stay/);
  broken = false;
  await service.clock.advance(2 * retryDelayMs);
  t.is(root.links()[`pci/${nameOf(4)}`], '../devices/vfio4');
  t.is(service.err.length, 1);
  broken = true;
  service.signal('SIGHUP');
  // Loading the policy takes an unknown number of event loop turns.
  while (service.err.length < 2) {
    await service.clock.advance(maxDebounceMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true('READY' in (service.sent.at(-1) ?? {}), 'READY is sent although the pass failed');
});

test('watch reports a link as repaired, not as added, if the passes before failed', async (t) => {
  const root = createMachine(scratchPath(t));
  let broken = false;
  const files = hookedFiles(({ name, path }) => {
    if (broken && name === 'readdir' && path.endsWith('/sys/class/vfio-dev'))
      throw Object.assign(errnoError('EIO'), { path, syscall: 'scandir' });
  });
  const service = await startService(t, root, ['--json'], { files });
  const before = service.lines().length;
  rmSync(root.at(`/dev/vfio/pci/${nameOf(1)}`));
  broken = true;
  service.hint('event');
  await service.clock.advance(maxDebounceMs + 2 * retryDelayMs);
  broken = false;
  await service.clock.advance(2 * retryDelayMs);
  t.deepEqual(
    service
      .lines()
      .slice(before)
      .map(({ event, reason, name }) => [event, reason, name]),
    [['repaired', 'missing', nameOf(1)]],
  );
});

test('watch rejects if the first pass fails', async (t) => {
  const root = createMachine(scratchPath(t));
  const files = hookedFiles(({ name, path }) => {
    if (name === 'readdir' && path.endsWith('/sys/class/vfio-dev')) throw errnoError('EIO');
  });
  const service = await startService(t, root, ['--json'], { files });
  await t.throwsAsync(service.status, { code: 'EIO' });
});
