import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import koffi from 'koffi';
import type { VfioNamesError } from '../../../src/errors.ts';
import { CallError } from '../../../src/system/calls.ts';
import { systemClock } from '../../../src/system/node/clock.ts';
import { openDatagrams } from '../../../src/system/node/libc.ts';
import {
  type Datagrams,
  formatFields,
  openNotify,
  reloadingFields,
  unixAddress,
} from '../../../src/system/notify.ts';
import { fakeRoot } from '../../support/fake-root.ts';

/** Binds a socket to the `sockaddr_un`, like the service manager, and returns the messages that it receives. */
async function received(name: string, address: Buffer): Promise<string[]> {
  const libc = koffi.load(null);
  const fd: number = libc.func('int socket(int, int, int)')(1, 2, 0);
  if (libc.func('int bind(int, void *, uint32_t)')(fd, address, address.length) !== 0)
    throw new Error(`bind: ${koffi.errno()}`);
  const notify = await openNotify(
    { NOTIFY_SOCKET: name, WATCHDOG_USEC: '60000000' },
    () => {},
    () => openDatagrams(),
  );
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
    t.is(await openNotify(env, t.fail, () => t.fail() as never), undefined);
});

test('openNotify fails with status 5 for an invalid address or without koffi', async (t) => {
  const openError = (env: Record<string, string>, open: () => Promise<Datagrams>) =>
    t.throwsAsync<VfioNamesError>(openNotify(env, t.fail, open), { code: 'no-notify' });
  const vsock = await openError({ NOTIFY_SOCKET: 'vsock:2:1234' }, t.fail as never);
  t.is(vsock?.exitCode, 5);
  t.regex(vsock?.message ?? '', /found vsock:2:1234/);
  t.regex(
    (
      await openError({ NOTIFY_SOCKET: '/run/n' }, () =>
        openDatagrams(() => Promise.reject(new Error('no module'))),
      )
    )?.message ?? '',
    /koffi 3/,
  );
  const socket = await openError({ NOTIFY_SOCKET: '/run/n' }, () =>
    Promise.reject(new CallError('socket', 'EAFNOSUPPORT')),
  );
  t.regex(socket?.message ?? '', /socket: EAFNOSUPPORT/);
});

test('openNotify reports a service manager that does not listen once and does not throw', async (t) => {
  const errors: string[] = [];
  const notify = await openNotify(
    { NOTIFY_SOCKET: join(fakeRoot(t).dir, 'none') },
    (line) => errors.push(line),
    () => openDatagrams(),
  );
  notify?.send({ READY: 1 });
  notify?.send({ READY: 1 });
  notify?.close();
  t.deepEqual(errors, ['could not tell the service manager: sendto: ENOENT']);
  const broken: Datagrams = {
    send: () => {
      throw new TypeError('a bug');
    },
    close: () => {},
  };
  const other = await openNotify({ NOTIFY_SOCKET: '/x' }, t.fail, () => Promise.resolve(broken));
  t.throws(() => other?.send({ READY: 1 }), { message: 'a bug' });
});

test('openNotify reads WATCHDOG_USEC in microseconds and ignores an invalid value', async (t) => {
  const silent: Datagrams = { send: () => {}, close: () => {} };
  const timeout = async (text: string): Promise<number | undefined> =>
    (await openNotify({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: text }, t.fail, () => Promise.resolve(silent)))
      ?.watchdog;
  t.is(await timeout('30000000'), 30_000);
  for (const text of ['', '0', '-1', '1e9', 'soon']) t.is(await timeout(text), undefined);
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
