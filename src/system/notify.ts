/** Notifies the service manager of state changes: the protocol of sd_notify(3). */
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { encodeUtf8 } from '../text/utf8.ts';
import type { Clock } from './clock.ts';
import type { Environment } from './process.ts';

/** A unix socket that sends datagrams. */
export interface Datagrams {
  /**
   * Sends one datagram to a `sockaddr_un` (unix(7)) of exactly these bytes; blocks while the receiver's queue is full.
   * Throws CallError.
   */
  readonly send: (address: Uint8Array, bytes: Uint8Array) => void;
  readonly close: () => void;
}

export interface Notify {
  /** Sends one message with the fields `READY`, `STATUS`, `WATCHDOG`, ... Only the first failure is reported. */
  readonly send: (fields: Readonly<Record<string, string | number | bigint>>) => void;
  /** The watchdog timeout in milliseconds; absent if the watchdog is not enabled. */
  readonly watchdog?: number;
  readonly close: () => void;
}

/**
 * Opens the socket of NOTIFY_SOCKET; returns `undefined` and does not call `open` if the variable is not set.
 * `onError` gets the first failure to send. Throws VfioNamesError (status 5) if the socket cannot be opened, since the service
 * manager would wait for a message until its timeout.
 */
export async function openNotify(
  env: Environment,
  onError: (message: string) => void,
  open: () => Promise<Datagrams>,
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
    if (errnoOf(cause) === undefined) throw cause;
    const { message } = cause as Error;
    throw notifyError(`could not make a socket to tell the service manager: ${message}`, { cause });
  }
  const watchdog = watchdogOf(env);
  let reported = false;
  return {
    send: (fields) => {
      try {
        datagrams.send(address, encodeUtf8(formatFields(fields)));
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        if (!reported) onError(`could not tell the service manager: ${(error as Error).message}`);
        reported = true;
      }
    },
    ...(watchdog !== undefined && { watchdog }),
    close: datagrams.close,
  };
}

/** The error `no-notify` (status 5). */
export function notifyError(
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
  const path = encodeUtf8(name);
  // The 108 bytes of sun_path include the terminating zero of a path (unix(7)).
  if (!/^[@/]./s.test(name) || path.length > (name.startsWith('@') ? 108 : 107)) return undefined;
  const address = new Uint8Array(2 + path.length + (name.startsWith('@') ? 0 : 1));
  // AF_UNIX, in the byte order of this machine.
  address.set(new Uint8Array(new Uint16Array([1]).buffer));
  address.set(path, 2);
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
export function reloadingFields(clock: Clock): Readonly<Record<string, string | number | bigint>> {
  return { RELOADING: 1, MONOTONIC_USEC: BigInt(Math.round(clock.now() * 1000)) };
}
