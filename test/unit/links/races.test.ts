/** What another program puts in the place of a link between any two system calls of a run is never lost. */
import * as fs from 'node:fs';
import test from 'ava';
import { observe } from '../../../src/links/observe.ts';
import { sync } from '../../../src/links/sync.ts';
import { asideName, originalName, putBack } from '../../../src/system/displace.ts';
import { vfioId } from '../../../src/vfio-id/vfio-id.ts';
import { arrivals, isThere } from '../../support/arrivals.ts';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles, Killed } from '../../support/hooked-files.ts';

const wanted = '/dev/vfio/pci/0000:01:00.0';
const stale = '/dev/vfio/pci/0000:09:00.0';

function machine(root: FakeRoot): void {
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', emptyNode: true });
  root.linkWithTarget(wanted, '../devices/vfio7');
  root.linkWithTarget(stale, '../devices/vfio7');
}

/** The entries of the directory of links, hidden ones included. */
function namesIn(root: FakeRoot): string[] {
  return fs.readdirSync(root.at('/dev/vfio/pci')).sort();
}

const runs: Readonly<Record<string, (root: FakeRoot, files: typeof fakeFiles) => void>> = {
  sync: (root, files) => void sync({ files, root: root.dir }, '1-a'),
  'vfio_id link add': (root, files) =>
    void vfioId(
      { argv: ['link', 'add', '/x/vfio0'], env: {} },
      { files, root: root.dir, version: '', token: '1-a' },
    ),
  'vfio_id link remove': (root, files) =>
    void vfioId(
      { argv: ['link', 'remove', '/x/vfio7'], env: {} },
      { files, root: root.dir, version: '', token: '1-a' },
    ),
};

for (const [name, run] of Object.entries(runs))
  for (const [kind, arrive] of Object.entries(arrivals))
    test(`${name} keeps a ${kind} that another program puts in the place of a link between any two calls`, (t) => {
      const count = fakeRoot(t);
      machine(count);
      // What comes before a call outside /dev/vfio is as good as there before the next call below it.
      const calls: number[] = [];
      run(
        count,
        hookedFiles(({ path, number }) => {
          if (!path.startsWith(count.at('/sys'))) calls.push(number);
        }),
      );
      t.true(calls.length > 5);
      for (const place of [wanted, stale])
        for (const at of calls) {
          const root = fakeRoot(t);
          machine(root);
          const files = hookedFiles(({ number }) => {
            if (number !== at) return;
            fs.rmSync(root.at(place), { recursive: true, force: true });
            fs.mkdirSync(root.at('/dev/vfio/pci'), { recursive: true });
            arrive(root.at(place));
          });
          run(root, files);
          const where = `${place} at call ${at}: ${namesIn(root)}`;
          t.true(isThere(kind, root.at(place)), where);
          t.deepEqual(
            namesIn(root).filter((entry) => entry.startsWith('.')),
            [],
            where,
          );
        }
    });

test('the next sync restores an entry that a killed run left under a hidden name', (t) => {
  for (const [kind, arrive] of Object.entries(arrivals)) {
    let kills = 0;
    for (let at = 1; at < 60; at++) {
      const root = fakeRoot(t);
      machine(root);
      let arrived = false;
      const files = hookedFiles(({ name, number }) => {
        if (name === 'rename' && !arrived) {
          arrived = true;
          fs.rmSync(root.at(wanted), { force: true });
          arrive(root.at(wanted));
        }
        if (number === at) throw new Killed();
      });
      try {
        sync({ files, root: root.dir }, '1-a');
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        kills++;
      }
      sync({ files: fakeFiles, root: root.dir }, '2-b');
      if (arrived) t.true(isThere(kind, root.at(wanted)), `${kind} at call ${at}: ${namesIn(root)}`);
      t.deepEqual(
        namesIn(root).filter((entry) => entry.startsWith('.')),
        [],
      );
    }
    t.true(kills > 20);
  }
});

test('plan and verify report a file under a hidden name, and sync moves it beside the link', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  const run = (command: string) => runCli([command, '--root', root.dir], { files: fakeFiles });
  await run('sync');
  root.write('/dev/vfio/pci/.vfio-names-1-a~0000:01:00.0', 'precious');
  root.write('/dev/vfio/pci/.vfio-names-mine', 'of somebody else');
  const restore = `restore ${wanted}.displaced (from .vfio-names-1-a~0000:01:00.0)\n`;
  t.is((await run('plan')).out, restore);
  t.regex((await run('verify')).out, /^displaced-file: /);
  t.is((await run('sync')).out, restore);
  t.is(fs.readFileSync(root.at(`${wanted}.displaced`), 'utf8'), 'precious');
  t.deepEqual(observe({ files: fakeFiles, root: root.dir }).changes, []);
  t.true(fs.existsSync(root.at('/dev/vfio/pci/.vfio-names-mine')));
});

test('asideName has the original name, unless it would be too long', (t) => {
  t.is(asideName('1-a', '0000:01:00.0'), '.vfio-names-1-a~0000:01:00.0');
  t.is(originalName('.vfio-names-1-a~a~b'), 'a~b');
  t.is(asideName('1-a', 'ü'.repeat(127)), '.vfio-names-1-a~displaced');
  for (const name of ['.vfio-names-1-a', '.vfio-names-~x', 'vfio-names-1~x', '.vfio-names-1-a~'])
    t.is(originalName(name), undefined, name);
});

test('putBack replaces nothing', (t) => {
  const root = fakeRoot(t);
  root.write('/x/aside', 'first');
  root.write('/x/name', 'second');
  root.write('/x/name.displaced', 'third');
  putBack(fakeFiles, root.at('/x/aside'), root.at('/x/name'));
  t.deepEqual(
    fs.readdirSync(root.at('/x')).map((name) => [name, fs.readFileSync(root.at(`/x/${name}`), 'utf8')]),
    [
      ['name', 'second'],
      ['name.displaced', 'third'],
      ['name.displaced-2', 'first'],
    ],
  );
});
