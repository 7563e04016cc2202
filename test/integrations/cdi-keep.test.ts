import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Device } from '../../src/devices/device.ts';
import {
  type CdiPlan,
  concernsNodes,
  dropSpec,
  keepSpec,
  mostWrites,
} from '../../src/integrations/cdi-keep.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

const names = ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0'] as const;

/** A machine whose devices get the lowest free number, as the kernel's ida gives it. */
class World {
  readonly root: FakeRoot;
  readonly plan: CdiPlan;
  readonly #bound = new Map<string, Device>();

  constructor(t: ExecutionContext) {
    this.root = fakeRoot(t);
    this.root.node('/dev/iommu', '10:125');
    this.root.write('/sys/class/misc/iommu/dev', '10:125\n');
    const path = this.root.at('/run/cdi/vfio.json');
    this.plan = { path, bus: 'pci', kind: 'vfio-names.dev/pci', wanted: 'cdev' };
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

  /** What the file says, and what it should say: each from its own source, none through the program. */
  observe(): { readonly said: Record<string, string>; readonly is: Record<string, string> } {
    const is = [...this.#bound].map(([name, { sysname }]) => [name, `/dev/vfio/devices/${sysname}`]);
    return { said: this.said(), is: Object.fromEntries(is.sort()) };
  }

  said(): Record<string, string> {
    if (!fs.existsSync(this.plan.path)) return {};
    const { devices } = JSON.parse(fs.readFileSync(this.plan.path, 'utf8')) as {
      devices: { name: string; containerEdits: { deviceNodes: { hostPath: string }[] } }[];
    };
    const pairs = devices.map(({ name, containerEdits }) => [name, containerEdits.deviceNodes[0]?.hostPath]);
    return Object.fromEntries(pairs.sort());
  }
}

const isTrue = (t: ExecutionContext, world: World, when: string): void => {
  const { said, is } = world.observe();
  t.deepEqual(said, is, when);
};

test('the file follows devices that come, go and change their numbers', (t) => {
  const world = new World(t);
  const keep = (): string => keepSpec(fakeFiles, world.root.dir, world.plan, 'token').done;
  t.is(keep(), 'absent');
  world.bind(names[0]);
  world.bind(names[1]);
  t.is(keep(), 'written');
  isTrue(t, world, 'two');
  t.is(keep(), 'unchanged');
  for (const name of [names[0], names[1]]) world.unbind(name);
  for (const name of [names[1], names[0]]) world.bind(name);
  t.is(keep(), 'written');
  isTrue(t, world, 'exchanged');
  t.deepEqual(world.said(), { [names[0]]: '/dev/vfio/devices/vfio1', [names[1]]: '/dev/vfio/devices/vfio0' });
  for (const name of names) world.unbind(name);
  t.is(keep(), 'removed');
  t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), []);
});

test('numbers that change at any moment of the writing are never left in the file', (t) => {
  const step = fc.record({ call: fc.integer({ min: 1, max: 160 }), name: fc.constantFrom(...names) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const world = new World(t);
      for (const name of names) world.bind(name);
      keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
      // Something to write, so that the change falls into it.
      world.unbind(names[1]);
      let [lastLook, lastChange] = [0, 0];
      const inode = (): number | undefined => fs.statSync(world.plan.path, { throwIfNoEntry: false })?.ino;
      let seen = inode();
      const files = hookedFiles(({ number, name: call, path }) => {
        seen = inode();
        if (call === 'list' && path.endsWith('/vfio-dev')) lastLook = number;
        for (const { name } of steps.filter((step) => step.call === number)) {
          world.unbind(name);
          world.bind(names[1]);
          world.bind(name);
          lastChange = number;
        }
      });
      keepSpec(files, world.root.dir, world.plan, 'token');
      t.is(inode(), seen, 'a look follows the last write');
      // Only a change after the last look began may have been missed; its event brings the next call.
      if (lastChange > lastLook) keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
      isTrue(t, world, JSON.stringify(steps));
      t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), ['vfio.json']);
    }),
    { numRuns: 60 },
  );
});

test('a device that leaves at any moment costs its own entry and no more', (t) => {
  let calls = 0;
  for (let leaving = 1; leaving <= Math.max(1, calls); leaving++) {
    const world = new World(t);
    for (const name of names) world.bind(name);
    const files = hookedFiles(({ number }) => {
      calls = Math.max(calls, leaving === 1 ? number : calls);
      if (number === leaving) world.unbind(names[1]);
    });
    t.notThrows(() => keepSpec(files, world.root.dir, world.plan, 'token'), `call ${leaving}`);
    keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
    isTrue(t, world, `call ${leaving}`);
  }
  t.true(calls > 20);
});

test('a machine that never holds still has no file, and the error says when it comes back', (t) => {
  const world = new World(t);
  world.bind(names[0]);
  let writes = 0;
  // Each time that the file is looked at, the numbers are exchanged after the document was made.
  const files = hookedFiles(({ name, path }) => {
    if (name !== 'lstat' || !path.endsWith('/vfio.json')) return;
    writes++;
    world.unbind(names[0]);
    world.unbind(names[1]);
    for (const one of writes % 2 === 0 ? [names[0], names[1]] : [names[1], names[0]]) world.bind(one);
  });
  const error = t.throws(() => keepSpec(files, world.root.dir, world.plan, 'token'));
  t.regex(error.message, /expected device numbers that hold still .* found others 9 times; it was removed/);
  t.is(writes, mostWrites + 2);
  t.deepEqual(fs.readdirSync(world.root.at('/run/cdi')), []);
  t.is(keepSpec(fakeFiles, world.root.dir, world.plan, 'token').done, 'written');
  isTrue(t, world, 'at rest');
});

test('where the shared node goes, the file goes, and the end takes it away', (t) => {
  const world = new World(t);
  world.bind(names[0]);
  const keep = (): unknown => keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
  keep();
  fs.rmSync(world.root.at('/dev/iommu'));
  t.throws(keep, { message: /expected \/dev\/iommu for the interface cdev/ });
  t.deepEqual(world.said(), {});
  world.root.node('/dev/iommu', '10:125');
  keep();
  isTrue(t, world, 'back');
  t.is(dropSpec(fakeFiles, world.plan, 'token'), 'removed');
  t.is(dropSpec(fakeFiles, world.plan, 'token'), 'absent');
});

test('a device whose node is gone leaves the file ahead of its entry in sysfs', (t) => {
  const world = new World(t);
  for (const name of names) world.bind(name);
  keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
  fs.rmSync(world.root.at('/dev/vfio/devices/vfio1'));
  const { done, leftOut } = keepSpec(fakeFiles, world.root.dir, world.plan, 'token');
  t.is(done, 'written');
  t.deepEqual(Object.keys(world.said()), [names[0], names[2]]);
  t.regex(leftOut.join('\n'), /^0000:02:00\.0 is left out: [^\n]*$/);
});

const concerned = test.macro({
  exec(t, places: readonly string[] | undefined, expected: boolean) {
    t.is(concernsNodes(places && new Set(places)), expected);
  },
  title: (_, places: readonly string[] | undefined, expected: boolean) =>
    `a change at ${places?.join(', ') ?? 'any place'} is ${expected ? 'one' : 'none'} of nodes`,
});
test(concerned, undefined, true);
test(concerned, ['devices/vfio3'], true);
test(concerned, ['pci/0000:01:00.0', '14'], true);
test(concerned, ['pci/0000:01:00.0', 'by-tag/pci-0000_01_00_0'], false);
