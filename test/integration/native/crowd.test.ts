/**
 * Runs two hundred native vfio_id at once on the same directories and checks all links. Runs only if the native program
 * is required.
 */
import { spawn } from 'node:child_process';
import test from 'ava';
import { compareDevices } from '../../../src/devices/order.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { nativeRequired } from '../../support/programs.ts';
import { nativeProgram } from '../../support/vfio-id-programs.ts';

const crowd = nativeRequired ? test.serial : test.skip;
const count = 200;

/** Runs all calls at once and returns their exit statuses; 1 for a run that the time limit of one second ended. */
function runAll(root: FakeRoot, calls: readonly (readonly string[])[]): Promise<(number | null)[]> {
  const file = nativeProgram?.command[0] ?? '';
  return Promise.all(
    calls.map(
      (argv) =>
        new Promise<number | null>((resolve) => {
          spawn(file, [`--root=${root.dir}`, 'link', ...argv], { env: {}, stdio: 'ignore' }).on(
            'exit',
            resolve,
          );
        }),
    ),
  );
}

const name = (index: number): string => `0000:${index.toString(16).padStart(2, '0')}:00.0`;
const texts = ['--link', '1=by-one/{driver}', '--link', '2=by-some/{group}'];

crowd(
  'two hundred concurrent link add create all links, and the first device gets a contended link',
  async (t) => {
    const root = fakeRoot(t);
    for (let index = 0; index < count; index++) {
      root.add({
        name: name(index),
        sysname: `vfio${index}`,
        driver: 'd',
        group: String(index % 10),
        emptyNode: true,
      });
      if (index % 4 === 0) root.linkWithTarget(`/dev/vfio/pci/${name(index)}`, `../devices/vfio${index + 1}`);
    }
    root.linkWithTarget('/dev/vfio/by-one/d', '../devices/vfio999');
    const order = Array.from({ length: count }, (_, index) => count - 1 - index);
    const statuses = await runAll(
      root,
      order.map((index) => ['add', ...texts, `/x/vfio${index}`]),
    );
    const links = root.links();
    const done = order.filter((_, position) => statuses[position] === 0);
    t.log(`${done.length} of ${count} runs completed within their second`);
    t.true(done.length > count / 2);
    const best = done.toSorted((a, b) =>
      compareDevices({ bus: 'pci', name: name(a) }, { bus: 'pci', name: name(b) }),
    );
    for (const index of done) t.is(links[`pci/${name(index)}`], `../devices/vfio${index}`);
    if (done.length < count) return;
    t.is(links['by-one/d'], `../devices/vfio${best[0]}`);
    for (let group = 0; group < 10; group++) t.is(links[`by-some/${group}`], `../devices/vfio${group}`);
    t.is(Object.keys(links).length, count + 11);
  },
);

crowd('concurrent link add and link remove do not affect each other', async (t) => {
  const root = fakeRoot(t);
  const calls: string[][] = [];
  for (let index = 0; index < count; index++) {
    const isRemoval = index % 2 === 0;
    if (isRemoval) root.linkWithTarget(`/dev/vfio/pci/${name(index)}`, `../devices/vfio${index}`);
    else
      root.add({
        name: name(index),
        sysname: `vfio${index}`,
        driver: `d${index}`,
        group: '1',
        emptyNode: true,
      });
    calls.push([isRemoval ? 'remove' : 'add', ...texts, `/x/vfio${index}`]);
  }
  const statuses = await runAll(root, calls);
  const links = root.links();
  const timedOut = statuses.filter((status) => status !== 0).length;
  t.log(`${count - timedOut} of ${count} runs completed within their second`);
  for (let index = 0; index < count; index++)
    if (statuses[index] === 0)
      t.is(links[`pci/${name(index)}`], index % 2 === 0 ? undefined : `../devices/vfio${index}`);
  if (timedOut === 0)
    t.deepEqual(
      Object.keys(links).filter((link) => link.startsWith('by-some/')),
      ['by-some/1'],
    );
});

crowd('link remove and link add do not conflict over their directory', async (t) => {
  for (let round = 0; round < 5; round++) {
    const root = fakeRoot(t);
    root.linkWithTarget(`/dev/vfio/pci/${name(0)}`, '../devices/vfio0');
    root.add({ name: name(1), sysname: 'vfio1', emptyNode: true });
    const statuses = await runAll(root, [
      ['remove', '/x/vfio0'],
      ['add', '/x/vfio1'],
      ['remove', '/x/vfio0'],
      ['add', '/x/vfio1'],
    ]);
    if (statuses.every((status) => status === 0))
      t.deepEqual(root.links(), { [`pci/${name(1)}`]: '../devices/vfio1' });
    else t.pass();
  }
});
