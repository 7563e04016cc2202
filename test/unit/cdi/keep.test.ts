import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { affectsNodes, type CdiTarget, removeSpec, updateSpec } from '../../../src/cdi/keep.ts';
import type { Device } from '../../../src/devices/types.ts';
import { errorLine } from '../../support/error-line.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

const names = ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0'] as const;

/** A machine whose devices get the lowest free number, as the kernel's ida assigns it. */
class World {
  readonly root: FakeRoot;
  readonly plan: CdiTarget;
  readonly #bound = new Map<string, Device>();

  constructor(t: ExecutionContext) {
    this.root = fakeRoot(t);
    this.root.node('/dev/iommu', '10:125');
    this.root.write('/sys/class/misc/iommu/dev', '10:125\n');
    const path = this.root.at('/run/cdi/vfio.json');
    this.plan = { path, bus: 'pci', kind: 'vfio-names.dev/pci', wanted: 'cdev', wholeGroups: false };
  }

  bind(name: string): void {
    if (this.#bound.has(name)) return;
    const taken = new Set([...this.#bound.values()].map(({ sysname }) => sysname));
    const number = [0, 1, 2].find((free) => !taken.has(`vfio${free}`)) ?? 3;
    this.#bound.set(name, this.root.add({ name, sysname: `vfio${number}`, group: '14' }));
  }

  unbind(name: string): void {
    const device = this.#bound.get(name);
    if (device) this.root.unbind(device);
    this.#bound.delete(name);
  }

  /** Returns the nodes in the file and the expected nodes; neither is computed by the code under test. */
  observe(): { readonly inFile: Record<string, string>; readonly expected: Record<string, string> } {
    const expected = [...this.#bound].map(([name, { sysname }]) => [name, `/dev/vfio/devices/${sysname}`]);
    return { inFile: this.nodesInFile(), expected: Object.fromEntries(expected.sort()) };
  }

  /** Returns the node of each device in the file, by the name of the device. */
  nodesInFile(): Record<string, string> {
    if (!fs.existsSync(this.plan.path)) return {};
    const { devices } = JSON.parse(fs.readFileSync(this.plan.path, 'utf8')) as {
      devices: { name: string; containerEdits: { deviceNodes: { hostPath: string }[] } }[];
    };
    const pairs = devices.map(({ name, containerEdits }) => [name, containerEdits.deviceNodes[0]?.hostPath]);
    return Object.fromEntries(pairs.sort());
  }
}

const assertFile = (t: ExecutionContext, world: World, when: string): void => {
  const { inFile, expected } = world.observe();
  t.deepEqual(inFile, expected, when);
};

test('updateSpec updates the file when devices are added, removed or renumbered', (t) => {
  const world = new World(t);
  const keep = (): string => updateSpec(fakeFiles, world.root.dir, world.plan, 'token').outcome;
  t.is(keep(), 'absent');
  world.bind(names[0]);
  world.bind(names[1]);
  t.is(keep(), 'written');
  assertFile(t, world, 'two');
  t.is(keep(), 'unchanged');
  for (const name of [names[0], names[1]]) world.unbind(name);
  for (const name of [names[1], names[0]]) world.bind(name);
  t.is(keep(), 'written');
  assertFile(t, world, 'exchanged');
  t.deepEqual(world.nodesInFile(), {
    [names[0]]: '/dev/vfio/devices/vfio1',
    [names[1]]: '/dev/vfio/devices/vfio0',
  });
  for (const name of names) world.unbind(name);
  t.is(keep(), 'removed');
  t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), []);
});

/** Sets the time at which a node was created, in seconds relative to that at which the file was written, which is rounded. */
function createdAt({ root, plan }: World, node: string, seconds: number): void {
  const written = Math.floor(fs.statSync(plan.path).mtimeMs / 1000);
  fs.utimesSync(plan.path, written, written);
  fs.utimesSync(root.at(node), written + seconds, written + seconds);
}

for (const [wanted, node, shared] of [
  ['group', '/dev/vfio/14', '/dev/vfio/vfio'],
  ['cdev', '/dev/vfio/devices/vfio0', '/dev/iommu'],
] as const)
  test(`updateSpec writes the same text again once if a node of the interface ${wanted} is not older than the file, because its number can be another one`, (t) => {
    const world = new World(t);
    world.root.addGroup('14');
    world.root.node('/dev/vfio/vfio', '10:196');
    world.root.write('/sys/class/misc/vfio/dev', '10:196\n');
    world.bind(names[0]);
    const keep = (): string =>
      updateSpec(fakeFiles, world.root.dir, { ...world.plan, wanted }, 'token').outcome;
    t.is(keep(), 'written');
    const text = fs.readFileSync(world.plan.path, 'utf8');
    for (const path of [node, shared]) createdAt(world, path, -2);
    // The clock of files has steps of some milliseconds, in which both can be written.
    for (const path of [node, shared])
      for (const seconds of [0, 3600]) {
        t.is(keep(), 'unchanged', path);
        createdAt(world, path, seconds);
        const { ino } = fs.statSync(world.plan.path);
        t.is(keep(), 'written', path);
        t.not(fs.statSync(world.plan.path).ino, ino, path);
        t.is(fs.readFileSync(world.plan.path, 'utf8'), text, path);
        createdAt(world, path, -2);
      }
    t.is(keep(), 'unchanged');
  });

test('updateSpec never leaves a wrong node in the file when device numbers change during any call', (t) => {
  const step = fc.record({ call: fc.integer({ min: 1, max: 160 }), name: fc.constantFrom(...names) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const world = new World(t);
      for (const name of names) world.bind(name);
      updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
      // Changes a device, so that updateSpec writes the file while the numbers change.
      world.unbind(names[1]);
      let [lastScan, lastChange] = [0, 0];
      const inode = (): number | undefined => fs.statSync(world.plan.path, { throwIfNoEntry: false })?.ino;
      let lastInode = inode();
      const files = hookedFiles(({ number, name: call, path }) => {
        lastInode = inode();
        if (call === 'readdir' && path.endsWith('/vfio-dev')) lastScan = number;
        for (const { name } of steps.filter((step) => step.call === number)) {
          world.unbind(name);
          world.bind(names[1]);
          world.bind(name);
          lastChange = number;
        }
      });
      updateSpec(files, world.root.dir, world.plan, 'token');
      t.is(inode(), lastInode, 'a scan follows the last write');
      // updateSpec may only miss a change after its last scan started; the event of that change causes the next call.
      if (lastChange > lastScan) updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
      assertFile(t, world, JSON.stringify(steps));
      t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), ['vfio.json']);
    }),
    { numRuns: 60 },
  );
});

test('updateSpec drops only the entry of a device that is unbound during any call', (t) => {
  let calls = 0;
  for (let leaving = 1; leaving <= Math.max(1, calls); leaving++) {
    const world = new World(t);
    for (const name of names) world.bind(name);
    const files = hookedFiles(({ number }) => {
      calls = Math.max(calls, leaving === 1 ? number : calls);
      if (number === leaving) world.unbind(names[1]);
    });
    t.notThrows(() => updateSpec(files, world.root.dir, world.plan, 'token'), `call ${leaving}`);
    updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
    assertFile(t, world, `call ${leaving}`);
  }
  t.true(calls > 20);
});

test('updateSpec removes the file and throws if device numbers keep changing, and writes it again later', (t) => {
  const world = new World(t);
  world.bind(names[0]);
  let writes = 0;
  // Swaps the numbers each time updateSpec checks the file, after it built the document.
  const files = hookedFiles(({ name, path }) => {
    if (name !== 'lstat' || !path.endsWith('/vfio.json')) return;
    writes++;
    world.unbind(names[0]);
    world.unbind(names[1]);
    for (const name of writes % 2 === 0 ? [names[0], names[1]] : [names[1], names[0]]) world.bind(name);
  });
  const error = t.throws(() => updateSpec(files, world.root.dir, world.plan, 'token'));
  t.regex(
    errorLine(error),
    /expected device numbers that do not change .* found others 9 times; it was removed/,
  );
  t.is(writes, 10);
  t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), []);
  t.is(updateSpec(fakeFiles, world.root.dir, world.plan, 'token').outcome, 'written');
  assertFile(t, world, 'at rest');
});

test('updateSpec removes the file if the shared node is removed, and removeSpec removes it in any case', (t) => {
  const world = new World(t);
  world.bind(names[0]);
  const keep = (): unknown => updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
  keep();
  fs.rmSync(world.root.at('/dev/iommu'));
  t.throws(keep, { message: /expected \/dev\/iommu for the interface cdev/ });
  t.deepEqual(world.nodesInFile(), {});
  world.root.node('/dev/iommu', '10:125');
  keep();
  assertFile(t, world, 'back');
  t.is(removeSpec(fakeFiles, world.plan, 'token'), 'removed');
  t.is(removeSpec(fakeFiles, world.plan, 'token'), 'absent');
});

test('updateSpec drops a device whose node is gone while its sysfs entry still exists', (t) => {
  const world = new World(t);
  for (const name of names) world.bind(name);
  updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
  fs.rmSync(world.root.at('/dev/vfio/devices/vfio1'));
  const { outcome, skipped } = updateSpec(fakeFiles, world.root.dir, world.plan, 'token');
  t.is(outcome, 'written');
  t.deepEqual(Object.keys(world.nodesInFile()), [names[0], names[2]]);
  t.like(skipped, [{ name: '0000:02:00.0' }]);
});

const concerns = test.macro({
  exec(t, places: readonly string[] | undefined, expected: boolean) {
    t.is(affectsNodes(places && new Set(places)), expected);
  },
  title: (_, places: readonly string[] | undefined, expected: boolean) =>
    `concernsNodes returns ${expected} for a change at ${places?.join(', ') ?? 'any path'}`,
});
test(concerns, undefined, true);
test(concerns, ['devices/vfio3'], true);
test(concerns, ['pci/0000:01:00.0', '14'], true);
test(concerns, ['pci/0000:01:00.0', 'by-tag/pci-0000_01_00_0'], false);
