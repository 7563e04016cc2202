import * as fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import koffi from 'koffi';
import type { VfioNamesError } from '../../../src/errors.ts';
import { CallError } from '../../../src/system/calls.ts';
import type { Clock } from '../../../src/system/clock.ts';
import { systemClock } from '../../../src/system/node/clock.ts';
import { openDatagrams } from '../../../src/system/node/libc.ts';
import {
  type Datagrams,
  formatFields,
  openNotify,
  reloadingFields,
  unixAddress,
} from '../../../src/system/notify.ts';
import type { Environment } from '../../../src/system/process.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { fakeRoot } from '../../support/fake-root.ts';

function openWith(
  env: Environment,
  onError: (message: string) => void,
  open: () => Promise<Datagrams>,
  clock: Clock = systemClock,
) {
  return openNotify({ env, pid: 12, clock, onError, open: () => open() });
}

/** Binds a socket to the `sockaddr_un`, like the service manager, and returns the messages that it receives. */
async function received(name: string, address: Buffer): Promise<string[]> {
  const libc = koffi.load(null);
  const fd: number = libc.func('int socket(int, int, int)')(1, 2, 0);
  if (libc.func('int bind(int, void *, uint32_t)')(fd, address, address.length) !== 0)
    throw new Error(`bind: ${koffi.errno()}`);
  const notify = await openWith({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '60000000' }, () => {}, openDatagrams);
  notify?.send({ READY: 1, STATUS: '3 devices' });
  notify?.send({ STOPPING: 1 });
  notify?.close();
  const recv = libc.func('long recv(int, void *, size_t, int)');
  const messages = [1, 2].map(() => {
    const bytes = Buffer.alloc(4096);
    // MSG_DONTWAIT
    return bytes.toString('utf8', 0, Math.max(0, Number(recv(fd, bytes, bytes.length, 0x40))));
  });
  fs.closeSync(fd);
  return messages;
}

const family = Buffer.from(new Uint16Array([1]).buffer);
const messages = ['READY=1\nSTATUS=3 devices\n', 'STOPPING=1\n'];

test('openNotify sends messages to a socket with a path', async (t) => {
  const path = join(fakeRoot(t).dir, 'notify');
  t.deepEqual(await received(path, Buffer.concat([family, Buffer.from(`${path}\0`)])), messages);
});

test('openNotify sends messages to an abstract socket', async (t) => {
  const name = `vfio-names-test-${process.pid}`;
  t.deepEqual(await received(`@${name}`, Buffer.concat([family, Buffer.from(`\0${name}`)])), messages);
});

test('openNotify loads nothing without NOTIFY_SOCKET', async (t) => {
  for (const env of [{}, { NOTIFY_SOCKET: '' }])
    t.is(await openWith(env, t.fail, () => t.fail() as never), undefined);
});

test('openNotify fails with status 5 for an invalid address or without koffi', async (t) => {
  const openError = (env: Record<string, string>, open: () => Promise<Datagrams>) =>
    t.throwsAsync<VfioNamesError>(openWith(env, t.fail, open), { code: 'no-notify' });
  const relative = await openError({ NOTIFY_SOCKET: 'run/notify' }, t.fail as never);
  t.is(relative?.status, 5);
  t.regex(relative?.message ?? '', /found run\/notify/);
  t.regex(
    (
      await openError({ NOTIFY_SOCKET: '/run/n' }, () =>
        openDatagrams(() => Promise.reject(new Error('no module'))),
      )
    )?.message ?? '',
    /koffi-linux/,
  );
  const socket = await openError({ NOTIFY_SOCKET: '/run/n' }, () =>
    Promise.reject(new CallError('socket', 'EAFNOSUPPORT')),
  );
  t.regex(socket?.message ?? '', /socket: EAFNOSUPPORT/);
});

test('openNotify reports a service manager that does not listen once and does not throw', async (t) => {
  const errors: string[] = [];
  const notify = await openWith(
    { NOTIFY_SOCKET: join(fakeRoot(t).dir, 'none') },
    (line) => errors.push(line),
    () => openDatagrams(),
  );
  notify?.send({ READY: 1 });
  notify?.send({ READY: 1 });
  notify?.close();
  t.deepEqual(errors, ['could not notify the service manager: sendto: ENOENT']);
  const broken: Datagrams = {
    send: () => {
      throw new TypeError('a bug');
    },
    close: () => {},
  };
  const other = await openWith({ NOTIFY_SOCKET: '/x' }, t.fail, () => Promise.resolve(broken));
  t.throws(() => other?.send({ READY: 1 }), { message: 'a bug' });
});

test('openNotify reads WATCHDOG_USEC in microseconds and ignores an invalid value', async (t) => {
  const silent: Datagrams = { send: () => {}, close: () => {} };
  const timeout = async (env: Environment): Promise<number | undefined> =>
    (await openWith({ NOTIFY_SOCKET: '/x', ...env }, t.fail, () => Promise.resolve(silent)))?.watchdog;
  t.is(await timeout({ WATCHDOG_USEC: '30000000' }), 30_000);
  t.is(await timeout({ WATCHDOG_USEC: '9000000000000000' }), 2 ** 31 - 1, 'the longest timer');
  for (const text of ['', '0', '-1', '1e9', 'soon']) t.is(await timeout({ WATCHDOG_USEC: text }), undefined);
});

test('openNotify ignores the watchdog of another process', async (t) => {
  const silent: Datagrams = { send: () => {}, close: () => {} };
  const timeout = async (pid: string): Promise<number | undefined> =>
    (
      await openWith({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1000000', WATCHDOG_PID: pid }, t.fail, () =>
        Promise.resolve(silent),
      )
    )?.watchdog;
  t.is(await timeout('12'), 1000);
  t.is(await timeout(''), 1000);
  for (const pid of ['13', '012', 'x']) t.is(await timeout(pid), undefined, pid);
});

test('openNotify ignores a vsock and reports it', async (t) => {
  for (const name of ['vsock:2:1234', 'vsock-stream:2:1234', 'vsock-dgram:2:1', 'vsock-seqpacket:4:1']) {
    const errors: string[] = [];
    t.is(await openWith({ NOTIFY_SOCKET: name }, (line) => errors.push(line), t.fail as never), undefined);
    t.deepEqual(errors, [`NOTIFY_SOCKET is ${name}: a vsock is not supported, so nobody is notified`]);
  }
});

/** A socket whose queue has room for `room` messages. */
async function fullSocket(t: ExecutionContext, room = 0) {
  const state = { room, received: [] as string[] };
  const errors: string[] = [];
  const clock = fakeClock();
  const datagrams: Datagrams = {
    send: (_address, bytes) => {
      if (state.room === 0) throw new CallError('sendto', 'EAGAIN');
      state.room--;
      state.received.push(new TextDecoder().decode(bytes));
    },
    close: () => {},
  };
  const notify = await openWith(
    { NOTIFY_SOCKET: '/x' },
    (line) => errors.push(line),
    () => Promise.resolve(datagrams),
    clock,
  );
  if (!notify) throw new Error('no notify');
  t.teardown(() => notify.close());
  return { state, errors, clock, notify };
}

test('messages wait in their order while the service manager does not read, and only the newest STATUS and no ping is kept', async (t) => {
  const { state, errors, clock, notify } = await fullSocket(t);
  notify.send({ READY: 1, STATUS: 'a' });
  for (const status of ['b', 'c']) notify.send({ STATUS: status });
  notify.send({ WATCHDOG: 1 });
  notify.send({ RELOADING: 1 });
  notify.send({ STATUS: 'd', READY: 1 });
  t.deepEqual(state.received, []);
  t.deepEqual(errors, ['the service manager does not read NOTIFY_SOCKET; messages wait until it does']);
  state.room = 3;
  await clock.advance(100);
  t.deepEqual(state.received, ['READY=1\nSTATUS=a\n', 'STATUS=c\n', 'RELOADING=1\n']);
  state.room = 9;
  notify.send({ STATUS: 'e' });
  t.deepEqual(state.received.slice(3), ['STATUS=d\nREADY=1\n', 'STATUS=e\n']);
  notify.send({ WATCHDOG: 1 });
  t.is(state.received.at(-1), 'WATCHDOG=1\n', 'sent at once again');
  await clock.advance(60_000);
  t.is(clock.pending(), 0);
  t.is(errors.length, 1);
});

test('waiting messages are bounded, retried ever less often, and dropped at the end', async (t) => {
  const { state, clock, notify } = await fullSocket(t);
  for (let number = 0; number < 1000; number++) notify.send({ RELOADING: number });
  await clock.advance(60_000);
  t.is(clock.pending(), 1);
  notify.close();
  t.is(clock.pending(), 0);
  t.deepEqual(state.received, []);
  const later = await fullSocket(t);
  for (let number = 0; number < 1000; number++) later.notify.send({ RELOADING: number });
  later.state.room = 2000;
  later.notify.close();
  t.is(later.state.received.length, 64);
});

test('a datagram to a socket whose queue is full fails with EAGAIN at once', async (t) => {
  const path = join(fakeRoot(t).dir, 'full');
  const libc = koffi.load(null);
  const fd: number = libc.func('int socket(int, int, int)')(1, 2, 0);
  t.teardown(() => fs.closeSync(fd));
  const address = Buffer.concat([family, Buffer.from(`${path}\0`)]);
  t.is(libc.func('int bind(int, void *, uint32_t)')(fd, address, address.length), 0);
  const datagrams = await openDatagrams();
  t.teardown(datagrams.close);
  const fill = (): void => {
    for (let sent = 0; sent < 100_000; sent++) datagrams.send(address, Buffer.from('x'));
  };
  t.throws(fill, { message: 'sendto: EAGAIN' });
});

test('unixAddress returns an address with the length of its name', (t) => {
  t.deepEqual([...(unixAddress('/a') ?? [])].slice(2), [0x2f, 0x61, 0]);
  t.deepEqual([...(unixAddress('@a') ?? [])].slice(2), [0, 0x61]);
  t.is(unixAddress(`/${'x'.repeat(106)}`)?.length, 110);
  t.is(unixAddress(`/${'x'.repeat(107)}`), undefined);
  t.is(unixAddress(`@${'x'.repeat(107)}`)?.length, 110);
  for (const name of ['', '/', '@', 'run/notify', 'vsock:1:2']) t.is(unixAddress(name), undefined);
});

test('formatFields never turns a value into another field', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = formatFields({ STATUS: value });
      return text.startsWith('STATUS=') && text.split('\n').length === 2 && !text.includes('\r');
    }),
  );
  t.pass();
});

test('reloadingFields returns the monotonic time in microseconds', (t) => {
  const before = process.hrtime.bigint() / 1000n;
  const { RELOADING, MONOTONIC_USEC } = reloadingFields(systemClock);
  t.is(RELOADING, 1);
  t.true(typeof MONOTONIC_USEC === 'bigint' && MONOTONIC_USEC >= before);
});

test('openDatagrams names the call if the socket cannot be created', async (t) => {
  await t.throwsAsync(
    openDatagrams(() =>
      Promise.resolve({
        load: () => ({ func: () => () => -1 }),
        errno: () => 24,
        address: () => 0n,
      } as never),
    ),
    { message: 'socket: EMFILE' },
  );
});
