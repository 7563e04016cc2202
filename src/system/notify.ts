/** Notifies the service manager of state changes: the protocol of sd_notify(3). */
import { endianness } from 'node:os';
import { hrtime } from 'node:process';
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { CallError } from './calls.ts';
import { type Datagrams, openDatagrams } from './node/libc.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Notify {
  /** Sends one message with the fields `READY`, `STATUS`, `WATCHDOG`, ... Only the first failure is reported. */
  readonly send: (fields: Readonly<Record<string, string | number | bigint>>) => void;
  /** The watchdog timeout in milliseconds; absent if the watchdog is not enabled. */
  readonly watchdog?: number;
  readonly close: () => void;
}

/**
 * Opens the socket of NOTIFY_SOCKET; returns `undefined` without loading koffi if the variable is not set. `onError`
 * gets the first failure to send. Throws VfioNamesError (status 5) if the socket cannot be opened, since the service
 * manager would wait for a message until its timeout.
 */
export async function openNotify(
  env: Environment,
  onError: (message: string) => void,
  open: () => Promise<Datagrams> = openDatagrams,
): Promise<Notify | undefined> {
  const name = env['NOTIFY_SOCKET'];
  if (name === undefined || name === '') return undefined;
  const address = unixAddress(name);
  if (!address)
    throw notifyError(`expected a path or an abstract name in NOTIFY_SOCKET, found ${printable(name)}`);
  let datagrams: Datagrams;
  try {
    datagrams = await open();
  } catch (cause) {
    if (cause instanceof CallError)
      throw notifyError(`could not make a socket to tell the service manager: ${cause.message}`, { cause });
    throw notifyError(
      'NOTIFY_SOCKET is set, but the npm package koffi 3 is not installed beside vfio-names or has no build for this machine',
      { hint: 'install it, or use Type=exec', cause },
    );
  }
  const watchdog = watchdogOf(env);
  let reported = false;
  return {
    send: (fields) => {
      try {
        datagrams.send(address, Buffer.from(formatFields(fields)));
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        if (!reported) onError(`could not tell the service manager: ${error.message}`);
        reported = true;
      }
    },
    ...(watchdog !== undefined && { watchdog }),
    close: datagrams.close,
  };
}

function notifyError(
  message: string,
  facts?: { readonly hint?: string; readonly cause: unknown },
): VfioNamesError {
  return new VfioNamesError('no-notify', exitStatus.unsupported, message, facts);
}

/**
 * Returns the `sockaddr_un` of a path or of an abstract name (`@` stands for a zero byte); `undefined` for anything
 * else.
 */
export function unixAddress(name: string): Uint8Array | undefined {
  const path = Buffer.from(name);
  // The 108 bytes of sun_path include the terminating zero of a path (unix(7)).
  if (!/^[@/]./s.test(name) || path.length > (name.startsWith('@') ? 108 : 107)) return undefined;
  const address = Buffer.alloc(2 + path.length + (name.startsWith('@') ? 0 : 1));
  if (endianness() === 'LE') address.writeUInt16LE(1, 0);
  else address.writeUInt16BE(1, 0);
  path.copy(address, 2);
  if (name.startsWith('@')) address[2] = 0;
  return address;
}

/** Formats `KEY=value` lines. A line break in a value would start another field and is replaced with a space. */
export function formatFields(fields: Readonly<Record<string, string | number | bigint>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${String(value).replace(/[\r\n]+/g, ' ')}\n`)
    .join('');
}

/** WATCHDOG_USEC in milliseconds (sd_watchdog_enabled(3)); `undefined` if it is not set. */
function watchdogOf(env: Environment): number | undefined {
  const text = env['WATCHDOG_USEC'] ?? '';
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) / 1000 : undefined;
}

/** The fields that announce a reload, with the CLOCK_MONOTONIC time that systemd 253 and later require. */
export function reloadingFields(): Readonly<Record<string, string | number | bigint>> {
  return { RELOADING: 1, MONOTONIC_USEC: hrtime.bigint() / 1000n };
}
