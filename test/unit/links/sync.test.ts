import * as fs from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { apply } from '../../../src/links/apply.ts';
import { observe } from '../../../src/links/observe.ts';
import { targetNode } from '../../../src/links/ownership.ts';
import { sync } from '../../../src/links/sync.ts';
import { linkTarget } from '../../../src/names/scheme.ts';
import { temporaryPrefix } from '../../../src/system/displace.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { changingCalls, errnoError, hookedFiles, Killed } from '../../support/hooked-files.ts';
import {
  buildMachine,
  type MachineState,
  machineStates,
  nameOf,
  scratchPath,
  snapshot,
  tagClaims,
  unmanagedEntries,
} from '../../support/world.ts';

function run(root: FakeRoot, files: SystemFiles = fakeFiles, token = 'test') {
  return sync({ files, root: root.dir, policyNames: tagClaims }, token);
}

/** The links that must exist after a sync: those that are wanted and not blocked. */
function expectedLinks(root: FakeRoot): Record<string, string> {
  const { assignment, changes } = observe({ files: fakeFiles, root: root.dir, policyNames: tagClaims });
  const blocked = new Set(changes.flatMap((change) => (change.action === 'blocked' ? [change.link] : [])));
  return Object.fromEntries(
    [...assignment.winners]
      .filter(([link]) => !blocked.has(link))
      .map(([link, { device }]) => [link, `-> ${linkTarget(link, device.sysname)}`]),
  );
}

test('sync creates all links, and a plan after it has only blocked changes', (t) => {
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, (generated) => {
      const root = buildMachine(dir, generated);
      const { observation, stable, outcomes } = run(root);
      t.true(stable);
      t.true(observation.changes.every((change) => change.action === 'blocked'));
      t.true(outcomes.every((outcome) => outcome.result === 'done' || outcome.result === 'blocked'));
      const after = snapshot(root);
      for (const [link, target] of Object.entries(expectedLinks(root))) t.is(after[link], target);
    }),
    { numRuns: 60 },
  );
});

test('sync leaves only links to existing nodes, and a link for every existing node', (t) => {
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, (generated) => {
      const root = buildMachine(dir, generated);
      const { observation } = run(root);
      for (const [link, target] of Object.entries(snapshot(root))) {
        const node = target.startsWith('-> ') ? targetNode(link, target.slice(3)) : undefined;
        if (node !== undefined)
          t.true(fs.existsSync(root.at(`/dev/vfio/devices/${node}`)), `${link} ${target}`);
      }
      const present = generated.devices.filter((number) => !generated.missing?.includes(number));
      for (const number of present) t.true(observation.assignment.winners.has(`pci/${nameOf(number)}`));
    }),
    { numRuns: 60 },
  );
});

test('sync removes the links of a device whose node is removed, and creates them again with the node', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1, 3], entries: {} });
  run(root);
  const before = snapshot(root);
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  const { outcomes, stable } = run(root);
  t.true(stable);
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

test('sync gives a link that two devices claim to the one whose node exists', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1, 2], missing: [1], entries: {} });
  const machine = {
    files: fakeFiles,
    root: root.dir,
    policyNames: () => [{ path: 'by-alias/gpu', priority: 0 }],
  };
  sync(machine, 'test');
  t.is(snapshot(root)['by-alias/gpu'], '-> ../devices/vfio1');
  root.write('/dev/vfio/devices/vfio0', '');
  sync(machine, 'test');
  t.is(snapshot(root)['by-alias/gpu'], '-> ../devices/vfio0');
});

test('sync keeps all links if the directory of nodes cannot be read', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1], entries: {} });
  run(root);
  const before = snapshot(root);
  const files = hookedFiles(({ name, path }) => {
    if (name === 'openDir' && path.endsWith('/devices')) throw errnoError('EACCES');
  });
  t.deepEqual(run(root, files).outcomes, []);
  t.deepEqual(snapshot(root), before);
});

test('apply makes all changes of a plan, and the next plan has only blocked changes', (t) => {
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, (generated) => {
      const root = buildMachine(dir, generated);
      const machine = { files: fakeFiles, root: root.dir, policyNames: tagClaims };
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

test('sync never changes entries that it does not manage', (t) => {
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, (generated) => {
      const root = buildMachine(dir, generated);
      const before = unmanagedEntries(root);
      run(root);
      const after = snapshot(root);
      for (const [path, what] of Object.entries(before)) t.is(after[path], what, path);
    }),
    { numRuns: 60 },
  );
});

test('sync changes nothing in a second run', (t) => {
  const dir = scratchPath(t);
  fc.assert(
    fc.property(machineStates, (generated) => {
      const root = buildMachine(dir, generated);
      run(root);
      const after = snapshot(root);
      const calls: string[] = [];
      const second = run(
        root,
        hookedFiles(({ name, path }) => {
          if (changingCalls.has(name)) calls.push(`${name} ${path}`);
        }),
      );
      t.deepEqual(calls, []);
      t.true(second.outcomes.every((outcome) => outcome.result === 'blocked'));
      t.deepEqual(snapshot(root), after);
    }),
    { numRuns: 40 },
  );
});

/** Without the empty directories, which a run that ended early leaves: they could be somebody else's. */
function withoutEmpty(entries: Record<string, string>): Record<string, string> {
  const paths = Object.keys(entries);
  return Object.fromEntries(
    Object.entries(entries).filter(
      ([path, what]) =>
        what !== 'directory' ||
        paths.some((other) => other.startsWith(`${path}/`) && entries[other] !== 'directory'),
    ),
  );
}

const busy: MachineState = {
  devices: [2, 1, 3],
  entries: {
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

test('sync killed between any two system calls leaves only correct, old or temporary links, and the next run fixes them', (t) => {
  const dir = scratchPath(t);
  const undisturbed = buildMachine(dir, busy);
  const before = snapshot(undisturbed);
  let calls = 0;
  run(
    undisturbed,
    hookedFiles(() => {
      calls++;
    }),
  );
  const expected = withoutEmpty(snapshot(undisturbed));
  const correct = expectedLinks(undisturbed);
  t.true(calls > 40);
  for (let at = 1; at <= calls; at++) {
    const root = buildMachine(dir, busy);
    const files = hookedFiles(({ number }) => {
      if (number === at) throw new Killed(`at call ${at}`);
    });
    t.throws(() => run(root, files), { instanceOf: Killed });
    for (const [path, what] of Object.entries(snapshot(root))) {
      const isAllowed =
        what === before[path] ||
        what === correct[path] ||
        what === 'directory' ||
        path.includes(`/${temporaryPrefix}`);
      t.true(isAllowed, `after a kill at call ${at}: ${path} ${what}`);
    }
    run(root, fakeFiles, 'next');
    t.deepEqual(withoutEmpty(snapshot(root)), expected, `the run after a kill at call ${at}`);
  }
});

test('sync reports a failed call, makes the other changes, and the next run makes the rest', (t) => {
  const dir = scratchPath(t);
  const root = buildMachine(dir, busy);
  const calls: string[] = [];
  run(
    root,
    hookedFiles(({ name }) => calls.push(name)),
  );
  const expected = withoutEmpty(snapshot(root));
  for (const [index, name] of calls.entries()) {
    if (!changingCalls.has(name)) continue;
    const again = buildMachine(dir, busy);
    let failing = '';
    const files = hookedFiles(({ number, path }) => {
      if (number === index + 1) failing = path.slice(path.lastIndexOf('/') + 1);
      if (number === index + 1) throw errnoError('EIO');
    });
    const { outcomes, stable } = run(again, files);
    t.true(stable);
    const failed = outcomes.filter((outcome) => outcome.result === 'failed');
    const errnos = failed.map((outcome) => outcome.errno ?? '');
    t.true(errnos.includes('EIO'), `${name} ${failing}`);
    // Changes that depend on the failed one: a directory is not empty, or a link is in place of a directory.
    t.deepEqual(
      errnos.filter((errno) => !['EIO', 'ENOTEMPTY', 'ENOTDIR'].includes(errno)),
      [],
    );
    run(again);
    t.deepEqual(withoutEmpty(snapshot(again)), expected);
  }
});

test('sync reports each change with its errno and retries none on a read-only file system', (t) => {
  const root = buildMachine(scratchPath(t), busy);
  const before = snapshot(root);
  const files = hookedFiles(({ name }) => {
    if (changingCalls.has(name)) throw errnoError('EROFS');
  });
  const { outcomes, stable } = run(root, files);
  t.true(stable);
  const what = outcomes.map(
    ({ result, errno, change }) => `${result} ${errno ?? change.action} ${change.link}`,
  );
  t.is(new Set(what).size, what.length);
  t.deepEqual(
    what.filter((line) => !line.startsWith('failed EROFS')),
    // Its parent directory is still a link, which could not be removed.
    ['failed ENOTDIR by-tag/pci-1/below', 'blocked blocked pci/0000:03:00.0'],
  );
  t.deepEqual(snapshot(root), before);
});

test('sync ends without changes if /dev does not exist', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1], entries: {} });
  fs.rmSync(root.at('/dev'), { recursive: true });
  const { outcomes, stable, observation } = run(root);
  t.true(stable);
  t.deepEqual(outcomes, []);
  t.deepEqual([...observation.missingNodes], ['vfio0']);
});

test('sync gives up after a number of rounds if another process undoes every change', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1], entries: {} });
  const link = root.at('/dev/vfio/pci/0000:01:00.0');
  const files = hookedFiles(({ name }) => {
    if (name === 'readdir') fs.rmSync(link, { force: true });
  });
  t.false(run(root, files).stable);
});

test('sync creates the link of a device that is added during the run and removes that of a removed one', (t) => {
  const root = buildMachine(scratchPath(t), { devices: [1], entries: {} });
  let done = false;
  const files = hookedFiles(({ name }) => {
    if (name !== 'symlink' || done) return;
    done = true;
    root.unbind({ bus: 'pci', name: 'x', sysname: 'vfio0', syspath: '/sys/devices/pci0000:00/0000:01:00.0' });
    root.add({ name: '0000:03:00.0', sysname: 'vfio0', emptyNode: true });
  });
  t.true(run(root, files).stable);
  t.deepEqual(snapshot(root), {
    'by-tag': 'directory',
    'by-tag/pci-3': '-> ../devices/vfio0',
    devices: 'directory',
    'devices/vfio0': 'file',
    pci: 'directory',
    'pci/0000:03:00.0': '-> ../devices/vfio0',
  });
});

test('sync removes managed directories that become empty, with their empty parents', (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/by-old/a/b', '../../devices/vfio9');
  run(root);
  t.deepEqual(snapshot(root), { devices: 'directory' });
});

test('sync leaves entries below the depth limit alone and ends', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/dev/vfio/pci/1/2/3/4/5/6/7/8/9/10'), { recursive: true });
  const before = snapshot(root);
  const { outcomes, stable } = run(root);
  t.true(stable);
  t.deepEqual(outcomes, []);
  t.deepEqual(snapshot(root), before);
});

for (const part of ['/dev/vfio', '/dev/vfio/pci', '/dev/vfio/by-tag']) {
  test(`sync does not enter ${part} if it is a link to another directory`, (t) => {
    const root = buildMachine(scratchPath(t), { devices: [1], entries: {} });
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

test('sync never enters a directory that is replaced with a link to another directory before any call', (t) => {
  const dir = scratchPath(t);
  const other = `${dir}-elsewhere`;
  let calls = 0;
  run(
    buildMachine(dir, busy),
    hookedFiles(() => {
      calls++;
    }),
  );
  for (let at = 1; at <= calls; at++) {
    const root = buildMachine(dir, busy);
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
      if (name === 'readdir') listed.push(fs.realpathSync(path));
    });
    run(root, files);
    const after = fs.readdirSync(other).map((name) => `${name} ${fs.readlinkSync(`${other}/${name}`)}`);
    t.deepEqual(after, before, `swapped before call ${at}`);
    t.false(listed.includes(other), `listed after a swap before call ${at}`);
  }
});

test('sync ends in the same state if a second run starts at any of its calls', (t) => {
  const dir = scratchPath(t);
  const alone = buildMachine(dir, busy);
  let calls = 0;
  run(
    alone,
    hookedFiles(() => {
      calls++;
    }),
  );
  const expected = snapshot(alone);
  for (let at = 1; at <= calls; at++) {
    const root = buildMachine(dir, busy);
    const files = hookedFiles(({ number }) => {
      if (number === at) run(root, fakeFiles, 'second');
    });
    const { stable, outcomes } = run(root, files, 'first');
    t.true(stable);
    t.false(outcomes.some((outcome) => outcome.result === 'failed'));
    t.deepEqual(snapshot(root), expected, `second run at call ${at}`);
  }
});

/**
 * Runs one sync and replaces the directory of links with a link before its `moment`-th call. Returns whether sync made
 * that many calls.
 */
function replacedAt(moment: number, dir: string): boolean {
  let calls = 0;
  const files = hookedFiles(() => {
    if (++calls !== moment) return;
    fs.renameSync(`${dir}/dev/vfio/pci`, `${dir}/dev/vfio/aside`);
    fs.symlinkSync(`${dir}/elsewhere`, `${dir}/dev/vfio/pci`);
  });
  sync({ files, root: dir }, 'x');
  return calls >= moment;
}

test('sync never follows a link that replaces a directory at any call', (t) => {
  let moment = 1;
  for (let reached = true; reached; moment++) {
    const root = fakeRoot(t);
    for (const number of [0, 1, 2]) root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}` });
    root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
    root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio9');
    // Links that sync would replace and remove if it followed the link.
    for (const [name, target] of [
      ['0000:01:00.0', 'vfio0'],
      ['0000:09:00.0', 'vfio9'],
    ] as const)
      root.linkWithTarget(`/elsewhere/${name}`, `../devices/${target}`);
    reached = replacedAt(moment, root.dir);
    const left = fs
      .readdirSync(root.at('/elsewhere'))
      .map((name) => `${name} ${fs.readlinkSync(root.at(`/elsewhere/${name}`))}`);
    t.deepEqual(
      left,
      ['0000:01:00.0 ../devices/vfio0', '0000:09:00.0 ../devices/vfio9'],
      `at call ${moment}`,
    );
  }
  t.true(moment > 20);
});

test('sync removes a link of ours whose name is not UTF-8, and leaves other such entries alone', (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  run(root);
  const raw = (directory: string): Buffer =>
    Buffer.concat([Buffer.from(root.at(`/dev/vfio/${directory}/a`)), Buffer.from([0xff])]);
  fs.symlinkSync('../devices/vfio0', raw('pci'));
  fs.mkdirSync(root.at('/dev/vfio/by-x'));
  fs.writeFileSync(raw('by-x'), '');
  const { outcomes, stable } = run(root);
  t.deepEqual(
    outcomes.map(({ change, result }) => [change.action, change.link, result]),
    [['remove', 'pci/a\udcff', 'done']],
  );
  t.true(stable);
  t.true(fs.existsSync(raw('by-x')));
  t.deepEqual(run(root).outcomes, []);
});
