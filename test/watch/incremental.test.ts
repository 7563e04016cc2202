import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { accessRules } from '../../src/config/access-rules.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { moreNames } from '../../src/config/more-names.ts';
import type { Device } from '../../src/devices/device.ts';
import type { AccessRules } from '../../src/links/access.ts';
import { type Machine, observe } from '../../src/links/observe.ts';
import { sync } from '../../src/links/sync.ts';
import { type Partial, syncPlaces } from '../../src/watch/incremental.ts';
import { type Picture, pictureOf } from '../../src/watch/picture.ts';
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
  | { readonly kind: 'node'; readonly device: number }
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
  fc.record({ kind: fc.constant('node' as const), device: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('litter' as const), number: fc.nat(9) }),
);

/** Does it, and gives the places of which inotify would tell. */
function happen(root: FakeRoot, bound: Map<number, Device>, what: Step): string[] {
  if (what.kind === 'litter') {
    root.linkText(`/dev/vfio/pci/left-${what.number}`, `../devices/vfio${what.number}`);
    return [`pci/left-${what.number}`];
  }
  const old = bound.get(what.device);
  if (what.kind === 'node') {
    if (!old) return [];
    const place = `devices/${old.sysname}`;
    // It goes, or it comes back.
    if (fs.existsSync(root.at(`/dev/vfio/${place}`))) fs.rmSync(root.at(`/dev/vfio/${place}`));
    else root.node(`/dev/vfio/${place}`, old.devnum ?? '');
    return [place];
  }
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

/** The maps of a picture, each in the order of its keys. */
function sorted(picture: Picture): unknown {
  const inOrder = (value: unknown): unknown => {
    if (value instanceof Set) return [...value].sort();
    return value instanceof Map ? [...value].sort(([a], [b]) => (a < b ? -1 : 1)) : value;
  };
  const rivals = [...picture.rivals].map(
    ([link, claims]) => [link, claims.map(({ device }) => device.name).sort()] as const,
  );
  return Object.fromEntries(
    Object.entries({ ...picture, rivals: new Map(rivals) }).map(([key, value]) => [key, inOrder(value)]),
  );
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
        let picture = pictureOf(sync(machine, 'first'));
        for (const [index, steps] of history.entries()) {
          const places = new Set(steps.flatMap((what) => happen(root, bound, what)));
          const { done } = syncPlaces(machine, `t${index}`, picture, places);
          passes++;
          if (done) partial++;
          else picture = pictureOf(sync(machine, `f${index}`));
          const truth = pictureOf({ outcomes: [], last: observe(machine), settled: true, access: [] });
          t.deepEqual(sorted(picture), sorted(truth));
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
    const picture = pictureOf(sync(machine, 'first'));
    root.add({ name: nameOf(1), sysname: 'vfio0' });
    let calls = 0;
    const files = hookedFiles(() => {
      calls++;
    });
    const { done } = syncPlaces({ ...machine, files }, 'one', picture, new Set(['devices/vfio0']));
    t.true(done);
    t.is(root.links()[`pci/${nameOf(1)}`], '../devices/vfio0');
    t.is(picture.seen.size, count + 2);
    return calls;
  };
  t.is(await cost(40), await cost(2));
});

test('where something is odd it leaves the work to a full pass', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const machine = await machineOn(root, '');
  const whole = sync(machine, 'first');
  const goesOn = (from: Picture, ...places: string[]): boolean =>
    syncPlaces(machine, 'odd', from, new Set(places)).done;
  const fresh = (): Picture => pictureOf(sync(machine, 'again'));
  t.true(goesOn(fresh(), 'devices/vfio0'));
  t.true(goesOn(fresh(), 'vfio', 'elsewhere/name', 'devices/strange', '../tty'));
  t.false(goesOn(pictureOf({ ...whole, settled: false }), 'devices/vfio0'));
  const failed = { path: '/dev/vfio/devices/vfio0', result: 'failed', why: 'EPERM' } as const;
  t.false(goesOn(pictureOf({ ...whole, access: [failed] }), 'devices/vfio0'));
  t.false(goesOn(fresh(), ...Array.from({ length: 300 }, (_, index) => `devices/vfio${index}`)));

  fs.mkdirSync(root.at('/dev/vfio/pci/new'));
  t.false(goesOn(pictureOf(whole), 'pci/new'));
  fs.rmdirSync(root.at('/dev/vfio/pci/new'));

  const picture = fresh();
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', 'nonsense');
  t.false(goesOn(picture, 'devices/vfio1'));
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', '247:1\n');

  fs.rmSync(root.at(`/dev/vfio/pci/${nameOf(1)}`));
  root.write(`/dev/vfio/pci/${nameOf(1)}`, '');
  t.false(goesOn(picture, `pci/${nameOf(1)}`));
});

test('a name below another name is left to the full pass, which way round they may come', async (t) => {
  for (const [first, second] of [
    ['by-own/a', 'by-own/a/b'],
    ['by-own/a/b', 'by-own/a'],
  ] as const) {
    const root = fakeRoot(t);
    root.add({ name: nameOf(1), sysname: 'vfio0' });
    const machine: Machine = {
      files: fakeFiles,
      root: root.dir,
      more: ({ name }) => [{ path: name === nameOf(1) ? first : second, priority: 0 }],
    };
    const picture = pictureOf(sync(machine, 'first'));
    root.add({ name: nameOf(2), sysname: 'vfio1' });
    t.false(syncPlaces(machine, 'one', picture, new Set(['devices/vfio1'])).done);
    t.false(pictureOf(sync(machine, 'two')).fit);
  }
});

test('a change that fails is left to the full pass, and what was done is told', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  const machine = await machineOn(root, '');
  const picture = pictureOf(sync(machine, 'first'));
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  root.linkText('/dev/vfio/pci/left', '../devices/vfio9');
  const files = hookedFiles(({ name }) => {
    if (name === 'symlink') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  const { done, outcomes }: Partial = syncPlaces(
    { ...machine, files },
    'one',
    picture,
    new Set(['devices/vfio1', 'pci/left']),
  );
  t.false(done);
  t.deepEqual(
    outcomes.map(({ change }) => change.action),
    ['remove'],
  );
});

test('a new node gets its access in the same pass', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: nameOf(1), sysname: 'vfio0' });
  // A group that nobody knows: only root could give the node to another.
  const of: AccessRules['of'] = ({ sysname }) => (sysname === 'vfio1' ? { group: 'nobody-here' } : {});
  const machine: Machine = { ...(await machineOn(root)), access: { of } };
  const picture = pictureOf(sync(machine, 'first'));
  root.add({ name: nameOf(2), sysname: 'vfio1' });
  const { access } = syncPlaces(machine, 'one', picture, new Set(['devices/vfio1']));
  t.deepEqual(
    access.map(({ path, result: done }) => `${path} ${done}`),
    ['/dev/vfio/devices/vfio1 failed'],
  );
});
