import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type { Device } from '../../../src/devices/types.ts';
import { type Machine, observe } from '../../../src/links/observe.ts';
import { sync } from '../../../src/links/sync.ts';
import type { AccessRules } from '../../../src/policy/access.ts';
import { bindAccessRules, bindPolicyNames, loadPolicy } from '../../../src/policy/load.ts';
import { type IncrementalResult, syncPaths } from '../../../src/watch/incremental.ts';
import { runPass } from '../../../src/watch/pass.ts';
import { type WatchState, watchState } from '../../../src/watch/state.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

const policy = `
[names]
by-tag = true
[[link]]
match = { bus = "pci" }
name = "by-shared/{{vendor}}"
`;

async function machineOn(root: FakeRoot, text = policy): Promise<Machine> {
  root.write('/etc/vfio-names/10.toml', text);
  const loaded = await loadPolicy(fakeFiles, root.dir);
  const policyNames = bindPolicyNames(fakeFiles, root.dir, loaded);
  const access = bindAccessRules(fakeFiles, root.dir, loaded);
  return { files: fakeFiles, root: root.dir, ...(policyNames && { policyNames }), ...(access && { access }) };
}

const nameOf = (number: number): string => `0000:0${number}:00.0`;

/** One change of the machine. */
type Step =
  | { readonly kind: 'bind'; readonly device: number; readonly number: number }
  | { readonly kind: 'unbind'; readonly device: number }
  | {
      readonly kind: 'break';
      readonly device: number;
      readonly how: 'removed' | 'wrong' | 'file' | 'missing';
    }
  | { readonly kind: 'node'; readonly device: number }
  | { readonly kind: 'orphan'; readonly number: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('bind' as const),
    device: fc.integer({ min: 1, max: 4 }),
    number: fc.nat(4),
  }),
  fc.record({ kind: fc.constant('unbind' as const), device: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('break' as const),
    device: fc.integer({ min: 1, max: 4 }),
    how: fc.constantFrom('removed' as const, 'wrong' as const, 'file' as const, 'missing' as const),
  }),
  fc.record({ kind: fc.constant('node' as const), device: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('orphan' as const), number: fc.nat(9) }),
);

/** Makes the change and returns the places that inotify would report. */
function change(root: FakeRoot, bound: Map<number, Device>, step: Step): string[] {
  if (step.kind === 'orphan') {
    root.linkWithTarget(`/dev/vfio/pci/left-${step.number}`, `../devices/vfio${step.number}`);
    return [`pci/left-${step.number}`];
  }
  const before = bound.get(step.device);
  if (step.kind === 'node') {
    if (!before) return [];
    const place = `devices/${before.sysname}`;
    // Removes the node, or restores it.
    if (fs.existsSync(root.at(`/dev/vfio/${place}`))) fs.rmSync(root.at(`/dev/vfio/${place}`));
    else root.node(`/dev/vfio/${place}`, before.devnum ?? '');
    return [place];
  }
  if (step.kind === 'break') {
    const link = `pci/${nameOf(step.device)}`;
    if (!fs.existsSync(root.at('/dev/vfio/pci'))) return [];
    fs.rmSync(root.at(`/dev/vfio/${link}`), { force: true });
    if (step.how === 'wrong') root.linkWithTarget(`/dev/vfio/${link}`, '../devices/vfio77');
    if (step.how === 'file') root.write(`/dev/vfio/${link}`, '');
    return [link];
  }
  const places: string[] = [];
  if (before) {
    root.unbind(before);
    bound.delete(step.device);
    places.push(`devices/${before.sysname}`);
  }
  if (step.kind === 'bind' && ![...bound.values()].some(({ sysname }) => sysname === `vfio${step.number}`)) {
    const sysname = `vfio${step.number}`;
    // Two devices share each vendor, so they claim the same link.
    const attributes = { vendor: step.device % 2 === 0 ? '0x8086' : '0x10de' };
    bound.set(step.device, root.add({ name: nameOf(step.device), sysname, attributes }));
    places.push(`devices/${sysname}`);
  }
  return places;
}

/** Returns the maps and sets of a state, sorted by key. */
function sortedState(state: WatchState): unknown {
  const inOrder = (value: unknown): unknown => {
    if (value instanceof Set) return [...value].sort();
    return value instanceof Map ? [...value].sort(([a], [b]) => (a < b ? -1 : 1)) : value;
  };
  const rivals = [...state.rivals].map(
    ([link, claims]) => [link, claims.map(({ device }) => device.name).sort()] as const,
  );
  return Object.fromEntries(
    Object.entries({ ...state, rivals: new Map(rivals) }).map(([key, value]) => [key, inOrder(value)]),
  );
}

test('incremental pass leaves the same links and state as a full pass, after any history', async (t) => {
  let passes = 0;
  let partial = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
      async (history) => {
        const root = fakeRoot(t);
        const machine = await machineOn(root);
        const bound = new Map<number, Device>();
        let state = watchState(sync(machine, 'first'));
        for (const [index, steps] of history.entries()) {
          const places = new Set(steps.flatMap((step) => change(root, bound, step)));
          const { done } = syncPaths(machine, `t${index}`, state, places);
          passes++;
          if (done) partial++;
          else state = watchState(sync(machine, `f${index}`));
          const expected = watchState({
            outcomes: [],
            observation: observe(machine),
            stable: true,
            access: [],
          });
          t.deepEqual(sortedState(state), sortedState(expected));
        }
      },
    ),
    { numRuns: 40 },
  );
  t.true(partial > passes / 4, `only ${partial} of ${passes} passes were incremental`);
});

test('incremental pass makes the same number of system calls for one node with any number of devices', async (t) => {
  const cost = async (count: number): Promise<number> => {
    const root = fakeRoot(t);
    for (let index = 0; index < count; index++)
      root.add({ name: `0000:${(16 + index).toString(16)}:00.0`, sysname: `vfio${index + 10}` });
    root.add({ name: nameOf(2), sysname: 'vfio1' });
    const machine = await machineOn(root, '');
    const state = watchState(sync(machine, 'first'));
    root.add({ name: nameOf(1), sysname: 'vfio0' });
    let calls = 0;
    const files = hookedFiles(() => {
      calls++;
    });
    const { done } = syncPaths({ ...machine, files }, 'one', state, new Set(['devices/vfio0']));
    t.true(done);
    t.is(root.links()[`pci/${nameOf(1)}`], '../devices/vfio0');
    t.is(state.seen.size, count + 2);
    return calls;
  };
  t.is(await cost(40), await cost(2));
});

test('incremental pass keeps a link that udev made for a device whose event has not come yet', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '');
  const state = watchState(sync(machine, 'first'));
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  root.linkWithTarget(`/dev/vfio/pci/${nameOf(2)}`, '../devices/vfio1');
  root.linkWithTarget(`/dev/vfio/pci/${nameOf(3)}`, '../devices/vfio1');
  const places = new Set([2, 3].map((number) => `pci/${nameOf(number)}`));
  const { done, outcomes } = syncPaths(machine, 'link', state, places);
  t.true(done);
  t.deepEqual(
    outcomes.map(({ change }) => change.link),
    [`pci/${nameOf(3)}`],
  );
});

test('a pass does not report a device that goes away while it is read', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '');
  const files = hookedFiles(({ name, path }) => {
    if (name === 'readlink' && path.endsWith('/subsystem')) throw errnoError('ENOENT');
  });
  const observation = observe({ ...machine, files });
  t.regex(observation.scan.problems[0]?.message ?? '', /went away/);
  t.deepEqual(runPass({ ...machine, files }, 'gone', {}, undefined).pass.problems, []);
});

test('incremental pass gives up if the state does not allow it, or if it finds an uncommon case', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const machine = await machineOn(root, '');
  const full = sync(machine, 'first');
  const completes = (from: WatchState, ...places: string[]): boolean =>
    syncPaths(machine, 'odd', from, new Set(places)).done;
  const fresh = (): WatchState => watchState(sync(machine, 'again'));
  t.true(completes(fresh(), 'devices/vfio0'));
  t.true(completes(fresh(), 'vfio', 'elsewhere/name', 'devices/strange', '../tty'));
  t.false(completes(watchState({ ...full, stable: false }), 'devices/vfio0'));
  const failed = { file: '/dev/vfio/devices/vfio0', result: 'failed', error: 'EPERM' } as const;
  t.false(completes(watchState({ ...full, access: [failed] }), 'devices/vfio0'));
  t.false(completes(fresh(), ...Array.from({ length: 300 }, (_, index) => `devices/vfio${index}`)));

  fs.mkdirSync(root.at('/dev/vfio/pci/new'));
  t.false(completes(watchState(full), 'pci/new'));
  fs.rmdirSync(root.at('/dev/vfio/pci/new'));

  const state = fresh();
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', 'nonsense');
  t.false(completes(state, 'devices/vfio1'));
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', '247:1\n');

  fs.rmSync(root.at(`/dev/vfio/pci/${nameOf(1)}`));
  root.write(`/dev/vfio/pci/${nameOf(1)}`, '');
  t.false(completes(state, `pci/${nameOf(1)}`));
});

test('incremental pass gives up if a link would be below another link, in either order', async (t) => {
  for (const [first, second] of [
    ['by-own/a', 'by-own/a/b'],
    ['by-own/a/b', 'by-own/a'],
  ] as const) {
    const root = fakeRoot(t);
    root.add({ name: nameOf(1), sysname: 'vfio0' });
    const machine: Machine = {
      files: fakeFiles,
      root: root.dir,
      policyNames: ({ name }) => [{ path: name === nameOf(1) ? first : second, priority: 0 }],
    };
    const state = watchState(sync(machine, 'first'));
    root.add({ name: nameOf(2), sysname: 'vfio1' });
    t.false(syncPaths(machine, 'one', state, new Set(['devices/vfio1'])).done);
    t.false(watchState(sync(machine, 'two')).fit);
  }
});

test('incremental pass gives up if a change fails, and returns the changes that were made', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '');
  const state = watchState(sync(machine, 'first'));
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  root.linkWithTarget('/dev/vfio/pci/left', '../devices/vfio9');
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  const { done, outcomes }: IncrementalResult = syncPaths(
    { ...machine, files },
    'one',
    state,
    new Set(['devices/vfio1', 'pci/left']),
  );
  t.false(done);
  t.deepEqual(
    outcomes.map(({ change }) => change.action),
    ['remove'],
  );
});

test('incremental pass applies the access rules to a new node', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  // The group does not exist, so the change also fails for root.
  const accessOf: AccessRules['accessOf'] = ({ sysname }) =>
    sysname === 'vfio1' ? { fileGroup: 'nobody-here' } : {};
  const machine: Machine = { ...(await machineOn(root)), access: { accessOf } };
  const state = watchState(sync(machine, 'first'));
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const { access } = syncPaths(machine, 'one', state, new Set(['devices/vfio1']));
  t.deepEqual(
    access.map(({ file, result: done }) => `${file} ${done}`),
    ['/dev/vfio/devices/vfio1 failed'],
  );
});
