/** Tells the service manager how the service is: the protocol of sd_notify(3). Knows nothing of the service. */
import { endianness } from 'node:os';
import { hrtime } from 'node:process';
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { CallError } from './calls.ts';
import { type Datagrams, openDatagrams } from './libc.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Notify {
  /** One message, each field a line: `READY`, `STATUS`, `WATCHDOG`, ... A failure is told once. */
  readonly send: (fields: Readonly<Record<string, string | number | bigint>>) => void;
  /** Milliseconds in which the manager wants a sign of life, where it wants one. */
  readonly watchdog?: number;
  readonly close: () => void;
}

/**
 * Opens the way to the manager that NOTIFY_SOCKET names; `undefined` without one: then koffi is not even loaded.
 * Throws VfioNamesError (status 5) where it can't be opened, since the manager would wait for ever.
 */
export async function openNotify(
  env: Environment,
  fault: (message: string) => void,
  open: () => Promise<Datagrams> = openDatagrams,
): Promise<Notify | undefined> {
  const name = env['NOTIFY_SOCKET'];
  if (name === undefined || name === '') return undefined;
  const address = unixAddress(name);
  if (!address)
    throw unable(`expected a path or an abstract name in NOTIFY_SOCKET, found ${printable(name)}`);
  let datagrams: Datagrams;
  try {
    datagrams = await open();
  } catch (cause) {
    throw unable(
      cause instanceof CallError
        ? `could not make a socket to tell the service manager: ${cause.message}`
        : 'NOTIFY_SOCKET is set, but the npm package koffi 3 is not installed beside vfio-names or has no build for this machine; install it, or use Type=exec',
      cause,
    );
  }
  const watchdog = watchdogOf(env);
  let told = false;
  return {
    send: (fields) => {
      try {
        datagrams.send(address, Buffer.from(notifyText(fields)));
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        if (!told) fault(`could not tell the service manager: ${error.message}`);
        told = true;
      }
    },
    ...(watchdog !== undefined && { watchdog }),
    close: datagrams.close,
  };
}

function unable(message: string, cause?: unknown): VfioNamesError {
  return new VfioNamesError('no-notify', exitStatus.unsupported, message, { cause });
}

/** The `sockaddr_un` of a path, or of an abstract name, whose `@` stands for a zero byte; `undefined` for anything else. */
export function unixAddress(name: string): Uint8Array | undefined {
  const path = Buffer.from(name);
  // A path needs its final zero inside of sun_path's 108 bytes (unix(7)).
  if (!/^[@/]./s.test(name) || path.length > (name.startsWith('@') ? 108 : 107)) return undefined;
  const address = Buffer.alloc(2 + path.length + (name.startsWith('@') ? 0 : 1));
  if (endianness() === 'LE') address.writeUInt16LE(1, 0);
  else address.writeUInt16BE(1, 0);
  path.copy(address, 2);
  if (name.startsWith('@')) address[2] = 0;
  return address;
}

/** `KEY=value` lines; a line break in a value would be a field of its own, so it becomes a space. */
export function notifyText(fields: Readonly<Record<string, string | number | bigint>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${String(value).replace(/[\r\n]+/g, ' ')}\n`)
    .join('');
}

/** WATCHDOG_USEC in milliseconds (sd_watchdog_enabled(3)). */
function watchdogOf(env: Environment): number | undefined {
  const text = env['WATCHDOG_USEC'] ?? '';
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) / 1000 : undefined;
}

/** The fields that begin a reload, with the time that systemd 253 and later wants with them (CLOCK_MONOTONIC). */
export function reloading(): Readonly<Record<string, string | number | bigint>> {
  return { RELOADING: 1, MONOTONIC_USEC: hrtime.bigint() / 1000n };
}
