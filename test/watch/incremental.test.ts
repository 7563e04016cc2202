import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { accessRules } from '../../src/config/access-rules.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { moreNames } from '../../src/config/more-names.ts';
import type { Device } from '../../src/devices/device.ts';
import { type Machine, observe } from '../../src/links/observe.ts';
import { type SyncResult, sync } from '../../src/links/sync.ts';
import { syncPlaces } from '../../src/watch/incremental.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

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
  const more = moreNames(fakeFiles, root.dir, loaded);
  const access = accessRules(fakeFiles, root.dir, loaded);
  return { files: fakeFiles, root: root.dir, ...(more && { more }), ...(access && { access }) };
}

const nameOf = (number: number): string => `0000:0${number}:00.0`;

/** One thing that happens to the machine. */
type Step =
  | { readonly kind: 'bind'; readonly device: number; readonly number: number }
  | { readonly kind: 'unbind'; readonly device: number }
  | { readonly kind: 'break'; readonly device: number; readonly how: 'gone' | 'false' | 'file' | 'mended' }
  | { readonly kind: 'litter'; readonly number: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('bind' as const),
    device: fc.integer({ min: 1, max: 4 }),
    number: fc.nat(4),
  }),
  fc.record({ kind: fc.constant('unbind' as const), device: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('break' as const),
    device: fc.integer({ min: 1, max: 4 }),
    how: fc.constantFrom('gone' as const, 'false' as const, 'file' as const, 'mended' as const),
  }),
  fc.record({ kind: fc.constant('litter' as const), number: fc.nat(9) }),
);

/** Does it, and gives the places of which inotify would tell. */
function happen(root: FakeRoot, bound: Map<number, Device>, what: Step): string[] {
  if (what.kind === 'litter') {
    root.linkText(`/dev/vfio/pci/left-${what.number}`, `../devices/vfio${what.number}`);
    return [`pci/left-${what.number}`];
  }
  const old = bound.get(what.device);
  if (what.kind === 'break') {
    const link = `pci/${nameOf(what.device)}`;
    if (!fs.existsSync(root.at('/dev/vfio/pci'))) return [];
    fs.rmSync(root.at(`/dev/vfio/${link}`), { force: true });
    if (what.how === 'false') root.linkText(`/dev/vfio/${link}`, '../devices/vfio77');
    if (what.how === 'file') root.write(`/dev/vfio/${link}`, '');
    return [link];
  }
  const places: string[] = [];
  if (old) {
    root.unbind(old);
    bound.delete(what.device);
    places.push(`devices/${old.sysname}`);
  }
  if (what.kind === 'bind' && ![...bound.values()].some(({ sysname }) => sysname === `vfio${what.number}`)) {
    const sysname = `vfio${what.number}`;
    // Two devices share each vendor, so they want one name.
    const attributes = { vendor: what.device % 2 === 0 ? '0x8086' : '0x10de' };
    bound.set(what.device, root.add({ name: nameOf(what.device), sysname, attributes }));
    places.push(`devices/${sysname}`);
  }
  return places;
}

test('after any history the pass over places leaves and believes what a full look sees', async (t) => {
  let passes = 0;
  let partial = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
      async (history) => {
        const root = fakeRoot(t);
        const machine = await machineOn(root);
        const bound = new Map<number, Device>();
        let before: SyncResult = sync(machine, 'first');
        for (const [index, steps] of history.entries()) {
          const places = new Set(steps.flatMap((what) => happen(root, bound, what)));
          const { result } = syncPlaces(machine, `t${index}`, before, places);
          passes++;
          if (result) partial++;
          before = result ?? sync(machine, `f${index}`);
          const truth = observe(machine);
          const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] =>
            [...map].sort(([a], [b]) => (a < b ? -1 : 1));
          t.deepEqual(before.last.changes, truth.changes);
          t.deepEqual(before.last.scan, truth.scan);
          t.deepEqual(sorted(before.last.desired.wanted), sorted(truth.desired.wanted));
          t.deepEqual(before.last.desired.conflicts, truth.desired.conflicts);
          t.deepEqual(sorted(before.last.tree.entries), sorted(truth.tree.entries));
        }
      },
    ),
    { numRuns: 40 },
  );
  t.true(partial > passes / 4, `only ${partial} of ${passes} passes were over places`);
});

test('a hint about one node costs the same, however many devices there are', async (t) => {
  const cost = async (count: number): Promise<number> => {
    const root = fakeRoot(t);
    for (let index = 0; index < count; index++)
      root.add({ name: `0000:${(16 + index).toString(16)}:00.0`, sysname: `vfio${index + 10}` });
    root.add({ name: nameOf(2), sysname: 'vfio1' });
    const machine = await machineOn(root, '');
    const before = sync(machine, 'first');
    root.add({ name: nameOf(1), sysname: 'vfio0' });
    let calls = 0;
    const files = hookedFiles(() => {
      calls++;
    });
    const { result } = syncPlaces({ ...machine, files }, 'one', before, new Set(['devices/vfio0']));
    t.is(root.links()[`pci/${nameOf(1)}`], '../devices/vfio0');
    t.is(result?.last.scan.devices.length, count + 2);
    return calls;
  };
  t.is(await cost(40), await cost(2));
});

test('where something is odd it leaves the work to a full pass', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const machine = await machineOn(root, '');
  const before = sync(machine, 'first');
  const result = (from: SyncResult, ...places: string[]): SyncResult | undefined =>
    syncPlaces(machine, 'odd', from, new Set(places)).result;
  t.truthy(result(before, 'devices/vfio0'));
  t.truthy(result(before, 'vfio', 'elsewhere/name', 'devices/strange', '../tty'));
  t.is(result({ ...before, settled: false }, 'devices/vfio0'), undefined);
  const failed = { path: '/dev/vfio/devices/vfio0', result: 'failed', why: 'EPERM' } as const;
  t.is(result({ ...before, access: [failed] }, 'devices/vfio0'), undefined);
  t.is(result(before, ...Array.from({ length: 300 }, (_, index) => `devices/vfio${index}`)), undefined);

  fs.mkdirSync(root.at('/dev/vfio/pci/new'));
  t.is(result(before, 'pci/new'), undefined);
  fs.rmdirSync(root.at('/dev/vfio/pci/new'));

  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', 'nonsense');
  t.is(result(before, 'devices/vfio1'), undefined);
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', '247:1\n');

  fs.rmSync(root.at(`/dev/vfio/pci/${nameOf(1)}`));
  root.write(`/dev/vfio/pci/${nameOf(1)}`, '');
  t.is(result(before, `pci/${nameOf(1)}`), undefined);
});

test('a change that fails is left to the full pass, and what was done is told', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '');
  const before = sync(machine, 'first');
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  root.linkText('/dev/vfio/pci/left', '../devices/vfio9');
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  const { result, outcomes } = syncPlaces(
    { ...machine, files },
    'one',
    before,
    new Set(['devices/vfio1', 'pci/left']),
  );
  t.is(result, undefined);
  t.deepEqual(
    outcomes.map(({ change }) => change.action),
    ['remove'],
  );
});

test('a new node gets its access in the same pass', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '[[access]]\nmode = "0640"\n');
  const before = sync(machine, 'first');
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const { result } = syncPlaces(machine, 'one', before, new Set(['devices/vfio1']));
  t.deepEqual(
    result?.access.map(({ path, result: done }) => `${path} ${done}`),
    ['/dev/vfio/devices/vfio1 done'],
  );
});
