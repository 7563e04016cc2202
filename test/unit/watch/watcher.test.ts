import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { type FSWatcher, watch } from 'chokidar';
import { systemClock } from '../../../src/system/node/clock.ts';
import { startWatcher } from '../../../src/system/node/watcher.ts';
import type { Watcher } from '../../../src/system/watcher.ts';
import { startTrigger, watcherTiming } from '../../../src/watch/watcher.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

interface TestTrigger {
  readonly trigger: Watcher;
  /** Waits for the next hint with this reason; ava's timeout limits the wait. */
  readonly next: (reason: 'event' | 'armed') => Promise<void>;
  readonly faults: readonly string[];
}

function listen(t: ExecutionContext, root: FakeRoot): TestTrigger {
  const waiting = { event: new Set<() => void>(), armed: new Set<() => void>() };
  const faults: string[] = [];
  const trigger = startTrigger(startWatcher, {
    root: root.dir,
    clock: systemClock,
    onHint: (reason) => {
      for (const wake of waiting[reason]) wake();
      waiting[reason].clear();
    },
    onError: (message) => faults.push(message),
  });
  t.teardown(trigger.close);
  return {
    trigger,
    next: (reason) => new Promise((resolve) => void waiting[reason].add(resolve)),
    faults,
  };
}

const recreate = (root: FakeRoot, path: string): void => {
  fs.rmSync(root.at(path), { recursive: true });
  fs.mkdirSync(root.at(path));
};

/** Calls `fn` and waits until the trigger has set up its watches again. */
async function expectArmed(listener: TestTrigger, fn: () => void): Promise<void> {
  const armed = listener.next('armed');
  fn();
  await armed;
}

/** Calls `fn` and waits for an event. */
async function expectEvent(listener: TestTrigger, fn: () => void): Promise<void> {
  const event = listener.next('event');
  fn();
  await event;
}

test('trigger hints when it is armed and when a node is created, changed or removed', async (t) => {
  const root = fakeRoot(t);
  const listener = listen(t, root);
  await listener.next('armed');
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  await expectEvent(listener, () => fs.chmodSync(root.at('/dev/vfio/devices/vfio0'), 0o660));
  await expectEvent(listener, () => fs.rmSync(root.at('/dev/vfio/devices/vfio0')));
  t.deepEqual(listener.faults, []);
});

test('trigger detects a node that is replaced at once', async (t) => {
  const root = fakeRoot(t);
  root.node('/dev/vfio/devices/vfio0', '247:0');
  const listener = listen(t, root);
  await listener.next('armed');
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:9'));
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:10'));
  t.pass();
});

test('trigger detects nodes in a devices directory that was removed and created again at once', async (t) => {
  const root = fakeRoot(t);
  const listener = listen(t, root);
  await listener.next('armed');
  for (const node of ['vfio0', 'vfio1', 'vfio2']) {
    await expectArmed(listener, () => recreate(root, '/dev/vfio/devices'));
    await expectEvent(listener, () => root.node(`/dev/vfio/devices/${node}`, '247:0'));
  }
  t.pass();
});

test('trigger detects nodes in a /dev/vfio that was removed and created again at once', async (t) => {
  const root = fakeRoot(t);
  const listener = listen(t, root);
  await listener.next('armed');
  await expectArmed(listener, () => {
    recreate(root, '/dev/vfio');
    fs.mkdirSync(root.at('/dev/vfio/devices'));
  });
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('trigger detects nodes below parents that did not exist at its start', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev'), { recursive: true });
  const listener = listen(t, root);
  await listener.next('armed');
  await expectArmed(listener, () => fs.mkdirSync(root.at('/dev')));
  await expectArmed(listener, () => fs.mkdirSync(root.at('/dev/vfio')));
  await expectArmed(listener, () => fs.mkdirSync(root.at('/dev/vfio/devices')));
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('trigger detects nested directories created at the same time', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  const listener = listen(t, root);
  await listener.next('armed');
  await expectArmed(listener, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio1', '247:1'));
  t.pass();
});

test('trigger detects the removal of links, also in nested directories', async (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  root.linkWithTarget('/dev/vfio/by-sriov/0000:01:00.0/vf1', '../../devices/vfio1');
  const listener = listen(t, root);
  await listener.next('armed');
  await expectEvent(listener, () => fs.rmSync(root.at('/dev/vfio/pci/0000:01:00.0')));
  await expectEvent(listener, () => fs.rmSync(root.at('/dev/vfio/by-sriov/0000:01:00.0/vf1')));
  t.pass();
});

test('trigger does not follow a link at the path of a directory', async (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere'));
  fs.symlinkSync(root.at('/elsewhere'), root.at('/dev/vfio/pci'));
  const listener = listen(t, root);
  await listener.next('armed');
  const event = listener.next('event');
  let hinted = false;
  void event.then(() => {
    hinted = true;
  });
  root.write('/elsewhere/one', '');
  await expectArmed(listener, () => listener.trigger.rearm());
  t.false(hinted);
});

test('trigger can be rearmed at any time, and several times at once', async (t) => {
  const root = fakeRoot(t);
  const listener = listen(t, root);
  await listener.next('armed');
  for (let count = 0; count < 3; count++)
    await expectArmed(listener, () => {
      for (let times = 0; times < 10; times++) listener.trigger.rearm();
    });
  await expectEvent(listener, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('trigger sends no hints after close', async (t) => {
  const root = fakeRoot(t);
  const listener = listen(t, root);
  await listener.next('armed');
  let hinted = false;
  void listener.next('event').then(() => {
    hinted = true;
  });
  await listener.trigger.close();
  listener.trigger.rearm();
  const other = listen(t, root);
  await other.next('armed');
  await expectEvent(other, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.false(hinted);
});

/** Replaces chokidar's watcher; the test emits its events. */
class Stub extends EventEmitter {
  closed = false;
  getWatched(): Record<string, string[]> {
    return {};
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

test('trigger reports a failing watch once with a hint, and again after it worked meanwhile', async (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/dev/vfio/devices'));
  const clock = fakeClock();
  const watchers: Stub[] = [];
  const faults: string[] = [];
  const hints: string[] = [];
  const trigger = startTrigger(
    (given) =>
      startWatcher(given, () => {
        const stub = new Stub();
        watchers.push(stub);
        return stub as unknown as FSWatcher;
      }),
    {
      root: root.dir,
      clock,
      onHint: (reason) => hints.push(reason),
      onError: (message) => faults.push(message),
    },
  );
  const fails = async (code: string): Promise<void> => {
    watchers.at(-1)?.emit('error', Object.assign(new Error(code), { code }));
    watchers.at(-1)?.emit('error', Object.assign(new Error(code), { code }));
    watchers.at(-1)?.emit('ready');
    trigger.rearm();
    await clock.advance(watcherTiming.rearm);
  };
  await fails('ENOSPC');
  await fails('ENOSPC');
  t.is(faults.length, 1);
  t.regex(faults[0] ?? '', /ENOSPC; raise fs\.inotify\.max_user_watches/);
  watchers.at(-1)?.emit('ready');
  await fails('EMFILE');
  t.regex(faults[1] ?? '', /max_user_instances/);
  watchers.at(-1)?.emit('ready');
  await fails('EIO');
  t.regex(faults[2] ?? '', /EIO; see/);

  const closedWatcher = watchers.at(-2);
  t.true(closedWatcher?.closed);
  const before = [hints.length, faults.length, watchers.length];
  closedWatcher?.emit('raw', 'rename', 'devices', { watchedPath: root.at('/dev/vfio') });
  closedWatcher?.emit('error', new Error('EIO'));
  closedWatcher?.emit('ready');
  t.deepEqual(
    [hints.length, faults.length, watchers.length],
    before,
    'events of a closed watcher are ignored',
  );

  await clock.advance(watcherTiming.ready + watcherTiming.rearm);
  t.is(watchers.length, (before[2] ?? 0) + 1, 'a watcher that is never ready is replaced');
  watchers.at(-1)?.emit('raw', 'rename', null, { watchedPath: root.at('/dev/vfio') });
  await clock.advance(watcherTiming.rearm);
  t.is(watchers.length, (before[2] ?? 0) + 2, 'an event without a name may concern a directory');
  await trigger.close();
  t.is(clock.pending(), 0);
});

test('trigger rearms if /dev/vfio was created before chokidar was ready', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  const clock = fakeClock();
  const watchers: Stub[] = [];
  const hints: string[] = [];
  const trigger = startTrigger(
    (given) =>
      startWatcher(given, () => {
        const stub = new Stub();
        watchers.push(stub);
        return stub as unknown as FSWatcher;
      }),
    {
      root: root.dir,
      clock,
      onHint: (reason) => hints.push(reason),
      onError: t.fail,
    },
  );
  t.teardown(trigger.close);
  fs.mkdirSync(root.at('/dev/vfio'));
  watchers[0]?.emit('ready');
  await clock.advance(watcherTiming.rearm);
  t.is(watchers.length, 2);
  t.deepEqual(hints, []);
  watchers[1]?.emit('ready');
  await clock.advance(watcherTiming.rearm);
  t.is(watchers.length, 2);
  t.deepEqual(hints, ['armed']);
});

test('trigger lets chokidar watch only one directory without its entries', async (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  let watcher: FSWatcher | undefined;
  const armed = new Promise<void>((resolve) => {
    const trigger = startTrigger(
      (given) =>
        startWatcher(given, (paths, options) => {
          watcher = watch(paths, options);
          return watcher;
        }),
      {
        root: root.dir,
        clock: systemClock,
        onHint: () => resolve(),
        onError: t.fail,
      },
    );
    t.teardown(trigger.close);
  });
  await armed;
  t.deepEqual(Object.keys(watcher?.getWatched() ?? {}), [root.at('/dev'), root.at('/dev/vfio')]);
  t.deepEqual(watcher?.getWatched()[root.at('/dev/vfio')], []);
});
