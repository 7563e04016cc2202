import test, { type ExecutionContext } from 'ava';
import { longestPause } from '../../src/watch/loop.ts';
import { retryPause } from '../../src/watch/service.ts';
import { FakeRoot } from '../helpers/fake-root.ts';
import { type Call, changing, failure, hookedFiles, Killed } from '../helpers/hooked-files.ts';
import { scratch } from '../links/world.ts';
import { type Service, startService } from './start-service.ts';

const errnos = ['EIO', 'ENOSPC', 'EACCES', 'EINTR'];

const nameOf = (number: number): string => `0000:0${number}:00.0`;

/** Three devices with two names each, as the service finds them. */
function before(dir: string): FakeRoot {
  const root = new FakeRoot(dir);
  root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
  for (const number of [1, 2, 3])
    root.add({ name: nameOf(number), sysname: `vfio${number}`, emptyNode: true });
  return root;
}

/** Two exchange their numbers, one goes, one comes, one name is turned elsewhere, one is left over. */
function happen(root: FakeRoot): readonly string[] {
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
  root.linkText('/dev/vfio/by-tag/pci-0000_02_00_0', '../devices/vfio99');
  root.linkText('/dev/vfio/pci/left', '../devices/vfio98');
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
  readonly old: Readonly<Record<string, string>>;
}

/** A service that has looked once; then it happens, and `fault` is asked before each call of the pass that follows. */
async function run(
  t: ExecutionContext,
  dir: string,
  whole: boolean,
  fault: (call: Call) => void,
): Promise<Run> {
  const root = before(dir);
  let first: number | undefined;
  let armed = false;
  const files = hookedFiles((call) => {
    if (!armed) return;
    first ??= call.number;
    fault({ ...call, number: call.number - first + 1 });
  });
  const service = await startService(t, root, ['--json'], { files });
  const places = happen(root);
  const old = root.links();
  armed = true;
  if (whole) service.hint('event');
  else for (const place of places) service.hint('event', place);
  await service.clock.pass(longestPause);
  armed = false;
  return { root, service, old };
}

/** What the pass does where nothing fails. */
async function undisturbed(t: ExecutionContext, whole: boolean) {
  const calls: Call[] = [];
  const { root } = await run(t, scratch(t), whole, (call) => calls.push(call));
  const goal = root.links();
  t.deepEqual(
    Object.keys(goal),
    ['by-tag', 'pci'].flatMap((directory) =>
      [1, 2, 4].map((n) => `${directory}/${directory === 'pci' ? nameOf(n) : `pci-0000_0${n}_00_0`}`),
    ),
  );
  t.true(calls.length > 30);
  return { calls, goal };
}

/** Each name is as it was or as it is to be; one that is neither is a temporary one, or was taken away. */
function torn({ root, old }: Run, goal: Readonly<Record<string, string>>): string[] {
  return Object.entries(root.links())
    .filter(
      ([link, target]) => target !== old[link] && target !== goal[link] && !/\/\.vfio-names-/.test(link),
    )
    .map(([link, target]) => `${link} -> ${target}`);
}

for (const [what, whole] of [
  ['over places', false],
  ['over everything', true],
] as const) {
  test(`killed before any call of a pass ${what}, it leaves no name torn, and the next start mends all`, async (t) => {
    const { calls, goal } = await undisturbed(t, whole);
    for (const { number, name, path } of calls) {
      const where = `at call ${number}, ${name} ${path}`;
      const killed = await run(t, scratch(t), whole, (call) => {
        if (call.number >= number) throw new Killed(where);
      });
      await t.throwsAsync(killed.service.status, { instanceOf: Killed }, where);
      t.deepEqual(torn(killed, goal), [], where);
      await startService(t, killed.root);
      t.deepEqual(killed.root.links(), goal, where);
    }
  });

  test(`an error at any call of a pass ${what} ends nothing, and the next pass mends all`, async (t) => {
    const { calls, goal } = await undisturbed(t, whole);
    // What reads meets one of them, in turn; what changes something meets each.
    for (const { number, name, path } of calls)
      for (const errno of changing.has(name) ? errnos : errnos.slice(number % 4, (number % 4) + 1)) {
        const where = `${errno} at call ${number}, ${name} ${path}`;
        const failed = await run(t, scratch(t), whole, (call) => {
          if (call.number === number) throw Object.assign(failure(errno), { path, syscall: name });
        });
        t.deepEqual(torn(failed, goal), [], where);
        for (const line of failed.service.err) t.regex(line, /^vfio-names: .* .*\/(dev|sys)\/.*/, where);
        failed.service.hint('armed');
        await failed.service.clock.pass(longestPause);
        t.deepEqual(failed.root.links(), goal, where);
        t.is(failed.service.sent.at(-1)?.['STATUS'], '3 devices, 6 names', where);
      }
  });
}

test('a look that fails as a whole is told once with its path, and tried again until it works', async (t) => {
  const root = before(scratch(t));
  let broken = false;
  const files = hookedFiles(({ name, path }) => {
    if (broken && name === 'list' && path.endsWith('/sys/class/vfio-dev'))
      throw Object.assign(failure('EIO'), { path, syscall: 'scandir' });
  });
  const service = await startService(t, root, ['--json'], { files });
  happen(root);
  broken = true;
  service.hint('event');
  await service.clock.pass(longestPause + 2 * retryPause);
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /could not scandir \/.*\/sys\/class\/vfio-dev: EIO; the names stay/);
  broken = false;
  await service.clock.pass(2 * retryPause);
  t.is(root.links()[`pci/${nameOf(4)}`], '../devices/vfio4');
  t.is(service.err.length, 1);
  broken = true;
  service.signal('SIGHUP');
  // Node reads the policy in as many turns as it likes.
  while (service.err.length < 2) {
    await service.clock.pass(longestPause);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true('READY' in (service.sent.at(-1) ?? {}), 'the manager does not wait for ever');
});

test('a first look that fails as a whole is an error of the start', async (t) => {
  const root = before(scratch(t));
  const files = hookedFiles(({ name, path }) => {
    if (name === 'list' && path.endsWith('/sys/class/vfio-dev')) throw failure('EIO');
  });
  const service = await startService(t, root, ['--json'], { files });
  await t.throwsAsync(service.status, { code: 'EIO' });
});
