/** Notifies the service manager of state changes: the protocol of sd_notify(3). */
import { errnoOf, exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { encodeUtf8 } from '../text/utf8.ts';
import type { Clock } from './clock.ts';
import type { Environment } from './process.ts';

/** A unix socket that sends datagrams. */
export interface Datagrams {
  /**
   * Sends one datagram to a `sockaddr_un` (unix(7)) of exactly these bytes, without waiting. Throws CallError, EAGAIN while the
   * receiver's queue is full.
   */
  readonly send: (address: Uint8Array, bytes: Uint8Array) => void;
  readonly close: () => void;
}

type Fields = Readonly<Record<string, string | number | bigint>>;

export interface Notify {
  /**
   * Sends one message with the fields `READY`, `STATUS`, `WATCHDOG`, ... and never waits: while the service manager does not
   * read, messages are kept and sent later, in their order. Only the first failure is reported.
   */
  readonly send: (fields: Fields) => void;
  /** The watchdog timeout in milliseconds; absent if the watchdog is not enabled. */
  readonly watchdog?: number;
  readonly close: () => void;
}

interface NotifyOptions {
  readonly env: Environment;
  /** The id of this process. */
  readonly pid: number;
  readonly clock: Clock;
  /** Gets the first failure to send, as one line. */
  readonly onError: (message: string) => void;
  readonly open: () => Promise<Datagrams>;
}

/**
 * Opens the socket of NOTIFY_SOCKET; returns `undefined` and does not call `open` if the variable is not set, or if it is a
 * vsock address, which is reported. Throws VfioNamesError (status 5) if the socket cannot be opened, since the service
 * manager would wait for a message until its timeout.
 */
export async function openNotify({
  env,
  pid,
  clock,
  onError,
  open,
}: NotifyOptions): Promise<Notify | undefined> {
  const name = env['NOTIFY_SOCKET'];
  if (name === undefined || name === '') return undefined;
  if (/^vsock(?:-stream|-dgram|-seqpacket)?:/.test(name)) {
    onError(`NOTIFY_SOCKET is ${printable(name)}: a vsock is not supported, so nobody is notified`);
    return undefined;
  }
  const address = unixAddress(name);
  if (!address)
    throw notifyError(`expected a path or an abstract name in NOTIFY_SOCKET, found ${printable(name)}`);
  let datagrams: Datagrams;
  try {
    datagrams = await open();
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    const { message } = cause as Error;
    throw notifyError(`could not create the socket to the service manager: ${message}`, { cause });
  }
  const watchdog = watchdogOf(env, pid);
  const queue = createQueue((text) => datagrams.send(address, encodeUtf8(text)), clock, onError);
  return {
    send: queue.send,
    ...(watchdog !== undefined && { watchdog }),
    close: () => {
      queue.close();
      datagrams.close();
    },
  };
}

/** How many messages wait at most; further ones are lost. */
const MAX_WAITING = 64;
/** The delay before waiting messages are sent again, in milliseconds; it doubles up to the longest. */
const retryDelays = { first: 100, longest: 5000 } as const;

/** Keeps the messages that could not be sent because the receiver's queue is full (EAGAIN). */
function createQueue(
  sendText: (text: string) => void,
  clock: Clock,
  onError: (message: string) => void,
): Pick<Notify, 'send' | 'close'> {
  let waiting: Fields[] = [];
  let delay: number = retryDelays.first;
  let cancelRetry: (() => void) | undefined;
  let reported = false;
  const report = (message: string): void => {
    if (!reported) onError(message);
    reported = true;
  };
  /** Whether the message need not be sent again. */
  const isSent = (fields: Fields): boolean => {
    try {
      sendText(formatFields(fields));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (errno === 'EAGAIN' || errno === 'ENOBUFS') {
        report('the service manager does not read NOTIFY_SOCKET; messages wait until it does');
        return false;
      }
      report(`could not notify the service manager: ${(error as Error).message}`);
    }
    return true;
  };
  const flush = (): void => {
    while (waiting[0] && isSent(waiting[0])) {
      waiting.shift();
      delay = retryDelays.first;
    }
    if (waiting.length === 0 || cancelRetry) return;
    cancelRetry = clock.setTimer(delay, () => {
      cancelRetry = undefined;
      delay = Math.min(delay * 2, retryDelays.longest);
      flush();
    });
  };
  const keep = (fields: Fields): void => {
    // A ping says that the service is alive at that moment.
    if (isOnly(fields, 'WATCHDOG')) return;
    const last = waiting.at(-1);
    if (last && isOnly(last, 'STATUS') && isOnly(fields, 'STATUS')) waiting.pop();
    if (waiting.length < MAX_WAITING) waiting.push(fields);
  };
  return {
    send: (fields) => {
      if (waiting.length > 0) {
        keep(fields);
        flush();
      } else if (!isSent(fields)) {
        keep(fields);
        flush();
      }
    },
    close: () => {
      flush();
      cancelRetry?.();
      waiting = [];
    },
  };
}

function isOnly(fields: Fields, key: string): boolean {
  return Object.keys(fields).every((name) => name === key);
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
export function formatFields(fields: Fields): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${String(value).replace(/[\r\n]+/g, ' ')}\n`)
    .join('');
}

/** The longest delay of a timer in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * WATCHDOG_USEC in milliseconds (sd_watchdog_enabled(3)); `undefined` if it is not set, or if WATCHDOG_PID is that of another
 * process, such as the one that started us.
 */
function watchdogOf(env: Environment, pid: number): number | undefined {
  const [text = '', owner = ''] = [env['WATCHDOG_USEC'], env['WATCHDOG_PID']];
  if (owner !== '' && owner !== String(pid)) return undefined;
  return /^[1-9]\d{0,15}$/.test(text) ? Math.min(Number(text) / 1000, MAX_DELAY) : undefined;
}

/** The fields that announce a reload, with the CLOCK_MONOTONIC time that systemd 253 and later require. */
export function reloadingFields(clock: Clock): Fields {
  return { RELOADING: 1, MONOTONIC_USEC: BigInt(Math.round(clock.now() * 1000)) };
}
