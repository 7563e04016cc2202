import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { apply } from '../../src/links/apply.ts';
import { observe } from '../../src/links/observe.ts';
import { sync } from '../../src/links/sync.ts';
import { nodeOfTarget, temporaryPrefix } from '../../src/links/tree.ts';
import { linkTarget } from '../../src/names/scheme.ts';
import type { Files } from '../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { changing, failure, hookedFiles, Killed } from '../helpers/hooked-files.ts';
import { build, foreign, nameOf, scratch, snapshot, tags, type World, world } from './world.ts';

function run(root: FakeRoot, files: Files = fakeFiles, token = 'test') {
  return sync({ files, root: root.dir, more: tags }, token);
}

/** The links that must be there after a sync: those that are wanted and not blocked. */
function right(root: FakeRoot): Record<string, string> {
  const { desired, changes } = observe({ files: fakeFiles, root: root.dir, more: tags });
  const blocked = new Set(changes.flatMap((change) => (change.action === 'blocked' ? [change.link] : [])));
  return Object.fromEntries(
    [...desired.wanted]
      .filter(([link]) => !blocked.has(link))
      .map(([link, { device }]) => [link, `-> ${linkTarget(link, device.sysname)}`]),
  );
}

test('plan after sync is empty but for what is in the way, and every link is right', (t) => {
  const dir = scratch(t);
  fc.assert(
    fc.property(world, (some) => {
      const root = build(dir, some);
      const { last, settled, outcomes } = run(root);
      t.true(settled);
      t.true(last.changes.every((change) => change.action === 'blocked'));
      t.true(outcomes.every((outcome) => outcome.result === 'done' || outcome.result === 'blocked'));
      const after = snapshot(root);
      for (const [link, target] of Object.entries(right(root))) t.is(after[link], target);
    }),
    { numRuns: 60 },
  );
});

test('after a sync every name leads to a node that is there, and every such node has its name', (t) => {
  const dir = scratch(t);
  fc.assert(
    fc.property(world, (some) => {
      const root = build(dir, some);
      const { last } = run(root);
      for (const [link, target] of Object.entries(snapshot(root))) {
        const node = target.startsWith('-> ') ? nodeOfTarget(link, target.slice(3)) : undefined;
        if (node !== undefined && !link.startsWith('own/'))
          t.true(fs.existsSync(root.at(`/dev/vfio/devices/${node}`)), `${link} ${target}`);
      }
      const there = some.devices.filter((number) => !some.missing?.includes(number));
      for (const number of there) t.true(last.desired.wanted.has(`pci/${nameOf(number)}`));
    }),
    { numRuns: 60 },
  );
});

test('a name goes with its node, and comes with it', (t) => {
  const root = build(scratch(t), { devices: [1, 3], things: {} });
  run(root);
  const before = snapshot(root);
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  const { outcomes, settled } = run(root);
  t.true(settled);
  t.deepEqual(
    outcomes.map(({ change, result }) => [result, change]),
    ['by-tag/pci-1', 'pci/0000:01:00.0'].map((link) => [
      'done',
      { action: 'remove', link, from: '../devices/vfio0', reason: 'gone' },
    ]),
  );
  root.write('/dev/vfio/devices/vfio0', '');
  run(root);
  t.deepEqual(snapshot(root), before);
});

test('a name that two devices want is that of the one whose node is there', (t) => {
  const root = build(scratch(t), { devices: [1, 2], missing: [1], things: {} });
  const machine = { files: fakeFiles, root: root.dir, more: () => [{ path: 'by-alias/gpu', priority: 0 }] };
  sync(machine, 'test');
  t.is(snapshot(root)['by-alias/gpu'], '-> ../devices/vfio1');
  root.write('/dev/vfio/devices/vfio0', '');
  sync(machine, 'test');
  t.is(snapshot(root)['by-alias/gpu'], '-> ../devices/vfio0');
});

test('a directory of nodes that nobody may look into costs no name', (t) => {
  const root = build(scratch(t), { devices: [1], things: {} });
  run(root);
  const before = snapshot(root);
  const files = hookedFiles(({ name, path }) => {
    if (name === 'hold' && path.endsWith('/devices')) throw failure('EACCES');
  });
  t.deepEqual(run(root, files).outcomes, []);
  t.deepEqual(snapshot(root), before);
});

test('one apply does all that its plan says: the plan after it has nothing but what is in the way', (t) => {
  const dir = scratch(t);
  fc.assert(
    fc.property(world, (some) => {
      const root = build(dir, some);
      const machine = { files: fakeFiles, root: root.dir, more: tags };
      const before = observe(machine).changes;
      for (const { result, change } of apply(fakeFiles, root.dir, before, 'test'))
        t.is(result, change.action === 'blocked' ? 'blocked' : 'done');
      t.deepEqual(
        observe(machine).changes,
        before.filter((change) => change.action === 'blocked'),
      );
    }),
    { numRuns: 60 },
  );
});

test('foreign things are never touched', (t) => {
  const dir = scratch(t);
  fc.assert(
    fc.property(world, (some) => {
      const root = build(dir, some);
      const before = foreign(root);
      run(root);
      t.deepEqual(foreign(root), before);
    }),
    { numRuns: 60 },
  );
});

test('running it twice changes nothing', (t) => {
  const dir = scratch(t);
  fc.assert(
    fc.property(world, (some) => {
      const root = build(dir, some);
      run(root);
      const after = snapshot(root);
      const calls: string[] = [];
      const second = run(
        root,
        hookedFiles(({ name, path }) => {
          if (changing.has(name)) calls.push(`${name} ${path}`);
        }),
      );
      t.deepEqual(calls, []);
      t.true(second.outcomes.every((outcome) => outcome.result === 'blocked'));
      t.deepEqual(snapshot(root), after);
    }),
    { numRuns: 40 },
  );
});

const busy: World = {
  devices: [2, 1, 3],
  things: {
    'pci/0000:01:00.0': { kind: 'link', target: 'UP/devices/vfio0' },
    'pci/0000:02:00.0': { kind: 'link', target: 'UP/devices/vfio0' },
    'pci/0000:03:00.0': { kind: 'file' },
    'pci/left-over': { kind: 'link', target: 'UP/devices/vfio9' },
    'pci/deep/er/link': { kind: 'link', target: 'UP/devices/vfio9' },
    'pci/.vfio-names-killed': { kind: 'link', target: 'UP/devices/vfio1' },
    'by-tag/pci-1': { kind: 'link', target: 'UP/devices/vfio0' },
    'by-old/name': { kind: 'link', target: 'UP/devices/vfio1' },
    'own/name': { kind: 'link', target: 'UP/devices/vfio1' },
  },
};

test('a kill between any two system calls leaves right links, old links or a temporary name; the next run mends it', (t) => {
  const dir = scratch(t);
  const whole = build(dir, busy);
  const old = snapshot(whole);
  let calls = 0;
  run(
    whole,
    hookedFiles(() => {
      calls++;
    }),
  );
  const goal = snapshot(whole);
  const good = right(whole);
  t.true(calls > 40);
  for (let at = 1; at <= calls; at++) {
    const root = build(dir, busy);
    const files = hookedFiles(({ number }) => {
      if (number === at) throw new Killed(`at call ${at}`);
    });
    t.throws(() => run(root, files), { instanceOf: Killed });
    for (const [path, what] of Object.entries(snapshot(root))) {
      const fine =
        what === old[path] ||
        what === good[path] ||
        what === 'directory' ||
        path.includes(`/${temporaryPrefix}`);
      t.true(fine, `after a kill at call ${at}: ${path} ${what}`);
    }
    run(root, fakeFiles, 'next');
    t.deepEqual(snapshot(root), goal, `the run after a kill at call ${at}`);
  }
});

test('a link that is replaced is never absent in between', (t) => {
  const dir = scratch(t);
  const root = build(dir, busy);
  const link = root.at('/dev/vfio/pci/0000:01:00.0');
  run(
    root,
    hookedFiles(() => {
      t.true(fs.lstatSync(link).isSymbolicLink());
    }),
  );
  t.is(fs.readlinkSync(link), '../devices/vfio1');
});

test('a call that fails is told of, the other changes are done, and the next run does the rest', (t) => {
  const dir = scratch(t);
  const root = build(dir, busy);
  const calls: string[] = [];
  run(
    root,
    hookedFiles(({ name }) => calls.push(name)),
  );
  const goal = snapshot(root);
  for (const [index, name] of calls.entries()) {
    if (!changing.has(name)) continue;
    const again = build(dir, busy);
    let failing = '';
    const files = hookedFiles(({ number, path }) => {
      if (number === index + 1) failing = path.slice(path.lastIndexOf('/') + 1);
      if (number === index + 1) throw failure('EIO');
    });
    const { outcomes, settled } = run(again, files);
    t.true(settled);
    const failed = outcomes.filter((outcome) => outcome.result === 'failed');
    const errnos = failed.map((outcome) => outcome.errno ?? '');
    t.true(errnos.includes('EIO'), `${name} ${failing}`);
    // The rest needs what failed: a directory that is not empty now, or a link where a directory should be.
    t.deepEqual(
      errnos.filter((errno) => !['EIO', 'ENOTEMPTY', 'ENOTDIR'].includes(errno)),
      [],
    );
    run(again);
    t.deepEqual(snapshot(again), goal);
  }
});

test('where nothing may be written, each change is reported with its errno, and nothing is tried twice', (t) => {
  const root = build(scratch(t), busy);
  const before = snapshot(root);
  const files = hookedFiles(({ name }) => {
    if (changing.has(name)) throw failure('EROFS');
  });
  const { outcomes, settled } = run(root, files);
  t.true(settled);
  const what = outcomes.map(
    ({ result, errno, change }) => `${result} ${errno ?? change.action} ${change.link}`,
  );
  t.is(new Set(what).size, what.length);
  t.deepEqual(
    what.filter((line) => !line.startsWith('failed EROFS')),
    // It needs a directory where a link lies that could not be removed.
    ['failed ENOTDIR by-tag/pci-1/below', 'blocked blocked pci/0000:03:00.0'],
  );
  t.deepEqual(snapshot(root), before);
});

test('a machine without /dev is told so, and does not keep the run busy', (t) => {
  const root = build(scratch(t), { devices: [1], things: {} });
  fs.rmSync(root.at('/dev'), { recursive: true });
  const { outcomes, settled, last } = run(root);
  t.true(settled);
  t.deepEqual(outcomes, []);
  t.deepEqual([...last.missing], ['vfio0']);
});

test('somebody who undoes every change is told of, after some rounds', (t) => {
  const root = build(scratch(t), { devices: [1], things: {} });
  const link = root.at('/dev/vfio/pci/0000:01:00.0');
  const files = hookedFiles(({ name }) => {
    if (name === 'list') fs.rmSync(link, { force: true });
  });
  t.false(run(root, files).settled);
});

test('a device that comes while a run is on is named by the same run, one that goes leaves no name', (t) => {
  const root = build(scratch(t), { devices: [1], things: {} });
  let done = false;
  const files = hookedFiles(({ name }) => {
    if (name !== 'symlink' || done) return;
    done = true;
    root.unbind({ bus: 'pci', name: 'x', sysname: 'vfio0', syspath: '/sys/devices/pci0000:00/0000:01:00.0' });
    root.add({ name: '0000:03:00.0', sysname: 'vfio0', emptyNode: true });
  });
  t.true(run(root, files).settled);
  t.deepEqual(snapshot(root), {
    'by-tag': 'directory',
    'by-tag/pci-3': '-> ../devices/vfio0',
    devices: 'directory',
    'devices/vfio0': 'file',
    pci: 'directory',
    'pci/0000:03:00.0': '-> ../devices/vfio0',
  });
});

test('a directory of ours that is empty goes, with the empty ones above it', (t) => {
  const root = fakeRoot(t);
  root.linkText('/dev/vfio/by-old/a/b', '../../devices/vfio9');
  run(root);
  t.deepEqual(snapshot(root), { devices: 'directory' });
});

test('names deeper than any of ours are left alone, and do not keep the run busy', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/dev/vfio/pci/1/2/3/4/5/6/7/8/9/10'), { recursive: true });
  const before = snapshot(root);
  const { outcomes, settled } = run(root);
  t.true(settled);
  t.deepEqual(outcomes, []);
  t.deepEqual(snapshot(root), before);
});

for (const part of ['/dev/vfio', '/dev/vfio/pci', '/dev/vfio/by-tag']) {
  test(`${part} as a link to elsewhere is never entered`, (t) => {
    const root = build(scratch(t), { devices: [1], things: {} });
    const other = root.at('/elsewhere');
    fs.mkdirSync(`${other}/pci`, { recursive: true });
    fs.symlinkSync('../devices/vfio9', `${other}/left-over`);
    fs.symlinkSync('../devices/vfio9', `${other}/pci/left-over`);
    fs.rmSync(root.at(part), { recursive: true, force: true });
    fs.symlinkSync(other, root.at(part));
    const { outcomes } = run(root);
    t.true(outcomes.some((outcome) => outcome.result === 'failed' || outcome.result === 'blocked'));
    t.deepEqual(fs.readdirSync(other).sort(), ['left-over', 'pci']);
    t.deepEqual(fs.readdirSync(`${other}/pci`), ['left-over']);
  });
}

test('a directory that is swapped for a link to elsewhere before any call is never entered', (t) => {
  const dir = scratch(t);
  const other = `${dir}-elsewhere`;
  let calls = 0;
  run(
    build(dir, busy),
    hookedFiles(() => {
      calls++;
    }),
  );
  for (let at = 1; at <= calls; at++) {
    const root = build(dir, busy);
    fs.rmSync(other, { recursive: true, force: true });
    fs.mkdirSync(other);
    for (const name of ['left-over', '0000:01:00.0', '0000:02:00.0'])
      fs.symlinkSync('../devices/vfio0', `${other}/${name}`);
    fs.symlinkSync('../devices/vfio9', `${other}/gone`);
    const before = fs.readdirSync(other).map((name) => `${name} ${fs.readlinkSync(`${other}/${name}`)}`);
    const listed: string[] = [];
    const files = hookedFiles(({ number, name, path }) => {
      if (number === at) {
        fs.renameSync(root.at('/dev/vfio/pci'), root.at('/dev/vfio/own/pci'));
        fs.symlinkSync(other, root.at('/dev/vfio/pci'));
      }
      if (name === 'list') listed.push(fs.realpathSync(path));
    });
    run(root, files);
    const after = fs.readdirSync(other).map((name) => `${name} ${fs.readlinkSync(`${other}/${name}`)}`);
    t.deepEqual(after, before, `swapped before call ${at}`);
    t.false(listed.includes(other), `listed after a swap before call ${at}`);
  }
});

test('a second run inside the first one, at any call, ends in the same state', (t) => {
  const dir = scratch(t);
  const alone = build(dir, busy);
  let calls = 0;
  run(
    alone,
    hookedFiles(() => {
      calls++;
    }),
  );
  const goal = snapshot(alone);
  for (let at = 1; at <= calls; at++) {
    const root = build(dir, busy);
    const files = hookedFiles(({ number }) => {
      if (number === at) run(root, fakeFiles, 'second');
    });
    const { settled, outcomes } = run(root, files, 'first');
    t.true(settled);
    t.false(outcomes.some((outcome) => outcome.result === 'failed'));
    t.deepEqual(snapshot(root), goal, `second run at call ${at}`);
  }
});
