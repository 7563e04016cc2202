import * as fs from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import type { Device } from '../../../src/devices/types.ts';
import { systemClock } from '../../../src/system/node/clock.ts';
import { startWatcher } from '../../../src/system/node/watcher.ts';
import { startTrigger } from '../../../src/watch/watcher.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { startService } from '../../support/start-service.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after a garbage collection. */
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;

/** The number of watches on all inotify descriptors of this process (proc(5), fdinfo). */
function watches(): number {
  const infos = fs.readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return '';
    }
  });
  return infos.join('').split(/^inotify wd:/m).length - 1;
}

test.serial('watch does not leak memory or descriptors in 24 hours with 30,000 events', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
  const service = await startService(t, root);
  const bound = new Map<number, Device>();
  const ROUNDS = 1500;
  const round = async (number: number): Promise<void> => {
    const slot = number % 7;
    const device = bound.get(slot);
    const name = `0000:0${slot}:00.0`;
    if (device) {
      root.unbind(device);
      bound.delete(slot);
    } else bound.set(slot, root.add({ name, sysname: `vfio${(number * 5) % 97}`, emptyNode: true }));
    const sysname = device?.sysname ?? bound.get(slot)?.sysname;
    if (number % 5 === 0) fs.rmSync(root.at(`/dev/vfio/pci/${name}`), { force: true });
    if (number % 50 === 0) service.hint('armed');
    for (let times = 0; times < 10; times++) {
      service.hint('event', `devices/${sysname}`);
      service.hint('event', `pci/${name}`);
    }
    await service.clock.advance(86_400_000 / ROUNDS);
  };
  for (let number = 0; number < ROUNDS / 5; number++) await round(number);
  const [memory, openBefore] = [heap(), descriptors()];
  for (let number = ROUNDS / 5; number < ROUNDS; number++) await round(number);
  t.is(Object.keys(root.links()).length, 2 * bound.size);
  t.is(descriptors(), openBefore);
  t.is(service.clock.pending(), 1, 'one timer, the rescan');
  // The test keeps the output of the service, which is a fraction of this. A leak of 1 KB per event would be five times
  // as much.
  t.true(heap() - memory < 5e6, `${memory} bytes, then ${heap()}`);
});

test.serial('trigger does not leak watches or descriptors when it is rearmed', async (t) => {
  const root = fakeRoot(t);
  root.linkWithTarget('/dev/vfio/by-sriov/0000:01:00.0/vf0', '../../devices/vfio0');
  let armed = (): void => {};
  const trigger = startTrigger(startWatcher, {
    root: root.dir,
    clock: systemClock,
    onHint: (reason) => {
      if (reason === 'armed') armed();
    },
    onError: t.fail,
  });
  t.teardown(trigger.close);
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      armed = resolve;
    });
  await next();
  const [first, openBefore] = [watches(), descriptors()];
  t.log(`${first} watches`);
  for (let times = 0; times < 50; times++) {
    const rearmed = next();
    trigger.rearm();
    await rearmed;
  }
  t.is(watches(), first);
  t.is(descriptors(), openBefore);
});
