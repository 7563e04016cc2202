import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { type FSWatcher, watch } from 'chokidar';
import { systemClock } from '../../src/system/clock.ts';
import { readyLimit, rearmPause, startTrigger, type Trigger } from '../../src/watch/trigger.ts';
import { type FakeRoot, fakeRoot } from '../helpers/fake-root.ts';
import { fakeClock } from './fake-clock.ts';

interface Ear {
  readonly trigger: Trigger;
  /** Waits for the next hint after the call before last; ava's time limit bounds it. */
  readonly next: (reason: 'event' | 'armed') => Promise<void>;
  readonly faults: readonly string[];
}

function listen(t: ExecutionContext, root: FakeRoot): Ear {
  const waiting = { event: new Set<() => void>(), armed: new Set<() => void>() };
  const faults: string[] = [];
  const trigger = startTrigger({
    root: root.dir,
    clock: systemClock,
    hint: (reason) => {
      for (const wake of waiting[reason]) wake();
      waiting[reason].clear();
    },
    fault: (message) => faults.push(message),
  });
  t.teardown(trigger.close);
  return {
    trigger,
    next: (reason) => new Promise((resolve) => void waiting[reason].add(resolve)),
    faults,
  };
}

const remake = (root: FakeRoot, path: string): void => {
  fs.rmSync(root.at(path), { recursive: true });
  fs.mkdirSync(root.at(path));
};

/** Does something and waits until the watch was set up anew. */
async function rearmed(ear: Ear, act: () => void): Promise<void> {
  const armed = ear.next('armed');
  act();
  await armed;
}

async function heard(ear: Ear, act: () => void): Promise<void> {
  const event = ear.next('event');
  act();
  await event;
}

test('it says when it hears, and hears a node come, change and go', async (t) => {
  const root = fakeRoot(t);
  const ear = listen(t, root);
  await ear.next('armed');
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  await heard(ear, () => fs.chmodSync(root.at('/dev/vfio/devices/vfio0'), 0o660));
  await heard(ear, () => fs.rmSync(root.at('/dev/vfio/devices/vfio0')));
  t.deepEqual(ear.faults, []);
});

test('it hears a node that was replaced at once', async (t) => {
  const root = fakeRoot(t);
  root.node('/dev/vfio/devices/vfio0', '247:0');
  const ear = listen(t, root);
  await ear.next('armed');
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:9'));
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:10'));
  t.pass();
});

test('it hears in a directory of nodes that was removed and made anew at once', async (t) => {
  const root = fakeRoot(t);
  const ear = listen(t, root);
  await ear.next('armed');
  for (const node of ['vfio0', 'vfio1', 'vfio2']) {
    await rearmed(ear, () => remake(root, '/dev/vfio/devices'));
    await heard(ear, () => root.node(`/dev/vfio/devices/${node}`, '247:0'));
  }
  t.pass();
});

test('it hears in a /dev/vfio that was removed and made anew at once', async (t) => {
  const root = fakeRoot(t);
  const ear = listen(t, root);
  await ear.next('armed');
  await rearmed(ear, () => {
    remake(root, '/dev/vfio');
    fs.mkdirSync(root.at('/dev/vfio/devices'));
  });
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('it hears below parents that were missing when it began', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev'), { recursive: true });
  const ear = listen(t, root);
  await ear.next('armed');
  await rearmed(ear, () => fs.mkdirSync(root.at('/dev')));
  await rearmed(ear, () => fs.mkdirSync(root.at('/dev/vfio')));
  await rearmed(ear, () => fs.mkdirSync(root.at('/dev/vfio/devices')));
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('it hears below parents that all come in one moment', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  const ear = listen(t, root);
  await ear.next('armed');
  await rearmed(ear, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  await heard(ear, () => root.node('/dev/vfio/devices/vfio1', '247:1'));
  t.pass();
});

test('it hears that a name was taken away, in a family of names, too', async (t) => {
  const root = fakeRoot(t);
  root.linkText('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  root.linkText('/dev/vfio/by-sriov/0000:01:00.0/vf1', '../../devices/vfio1');
  const ear = listen(t, root);
  await ear.next('armed');
  await heard(ear, () => fs.rmSync(root.at('/dev/vfio/pci/0000:01:00.0')));
  await heard(ear, () => fs.rmSync(root.at('/dev/vfio/by-sriov/0000:01:00.0/vf1')));
  t.pass();
});

test('a link in place of a directory is not followed', async (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere'));
  fs.symlinkSync(root.at('/elsewhere'), root.at('/dev/vfio/pci'));
  const ear = listen(t, root);
  await ear.next('armed');
  const event = ear.next('event');
  let told = false;
  void event.then(() => {
    told = true;
  });
  root.write('/elsewhere/one', '');
  await rearmed(ear, () => ear.trigger.rearm());
  t.false(told);
});

test('it can be set up anew at any time, and many times at once', async (t) => {
  const root = fakeRoot(t);
  const ear = listen(t, root);
  await ear.next('armed');
  for (let count = 0; count < 3; count++)
    await rearmed(ear, () => {
      for (let times = 0; times < 10; times++) ear.trigger.rearm();
    });
  await heard(ear, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.pass();
});

test('after its end it is silent', async (t) => {
  const root = fakeRoot(t);
  const ear = listen(t, root);
  await ear.next('armed');
  let told = false;
  void ear.next('event').then(() => {
    told = true;
  });
  await ear.trigger.close();
  ear.trigger.rearm();
  const other = listen(t, root);
  await other.next('armed');
  await heard(other, () => root.node('/dev/vfio/devices/vfio0', '247:0'));
  t.false(told);
});

/** Stands for chokidar: the test says what it tells. */
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

test('a watch that fails is told once with what to do, and again after it worked in between', async (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/dev/vfio/devices'));
  const clock = fakeClock();
  const made: Stub[] = [];
  const faults: string[] = [];
  const hints: string[] = [];
  const trigger = startTrigger({
    root: root.dir,
    clock,
    hint: (reason) => hints.push(reason),
    fault: (message) => faults.push(message),
    chokidar: () => {
      const stub = new Stub();
      made.push(stub);
      return stub as unknown as FSWatcher;
    },
  });
  const fails = async (code: string): Promise<void> => {
    made.at(-1)?.emit('error', Object.assign(new Error(code), { code }));
    made.at(-1)?.emit('error', Object.assign(new Error(code), { code }));
    made.at(-1)?.emit('ready');
    trigger.rearm();
    await clock.pass(rearmPause);
  };
  await fails('ENOSPC');
  await fails('ENOSPC');
  t.is(faults.length, 1);
  t.regex(faults[0] ?? '', /ENOSPC; raise fs\.inotify\.max_user_watches/);
  made.at(-1)?.emit('ready');
  await fails('EMFILE');
  t.regex(faults[1] ?? '', /max_user_instances/);
  made.at(-1)?.emit('ready');
  await fails('EIO');
  t.regex(faults[2] ?? '', /EIO; see/);

  const old = made.at(-2);
  t.true(old?.closed);
  const before = [hints.length, faults.length, made.length];
  old?.emit('raw', 'rename', 'devices', { watchedPath: root.at('/dev/vfio') });
  old?.emit('error', new Error('EIO'));
  old?.emit('ready');
  t.deepEqual([hints.length, faults.length, made.length], before, 'a watch that was given up is not heard');

  await clock.pass(readyLimit + rearmPause);
  t.is(made.length, (before[2] ?? 0) + 1, 'a watch that never is ready is set up anew');
  made.at(-1)?.emit('raw', 'rename', null, { watchedPath: root.at('/dev/vfio') });
  await clock.pass(rearmPause);
  t.is(made.length, (before[2] ?? 0) + 2, 'an event without a name may be a directory');
  await trigger.close();
  t.is(clock.pending(), 0);
});

test('a /dev/vfio that came before chokidar was ready makes the watch be set up anew', async (t) => {
  const root = fakeRoot(t);
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  const clock = fakeClock();
  const made: Stub[] = [];
  const hints: string[] = [];
  const trigger = startTrigger({
    root: root.dir,
    clock,
    hint: (reason) => hints.push(reason),
    fault: t.fail,
    chokidar: () => {
      const stub = new Stub();
      made.push(stub);
      return stub as unknown as FSWatcher;
    },
  });
  t.teardown(trigger.close);
  fs.mkdirSync(root.at('/dev/vfio'));
  made[0]?.emit('ready');
  await clock.pass(rearmPause);
  t.is(made.length, 2);
  t.deepEqual(hints, []);
  made[1]?.emit('ready');
  await clock.pass(rearmPause);
  t.is(made.length, 2);
  t.deepEqual(hints, ['armed']);
});

test('chokidar is given one directory, and nothing in it', async (t) => {
  const root = fakeRoot(t);
  root.linkText('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  let made: FSWatcher | undefined;
  const armed = new Promise<void>((resolve) => {
    const trigger = startTrigger({
      root: root.dir,
      clock: systemClock,
      hint: () => resolve(),
      fault: t.fail,
      chokidar: (paths, options) => {
        made = watch(paths, options);
        return made;
      },
    });
    t.teardown(trigger.close);
  });
  await armed;
  t.deepEqual(Object.keys(made?.getWatched() ?? {}), [root.at('/dev'), root.at('/dev/vfio')]);
  t.deepEqual(made?.getWatched()[root.at('/dev/vfio')], []);
});
