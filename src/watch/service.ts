/**
 * The watch service: runs passes, reports their events, notifies systemd, pings the watchdog, and shuts down. `ServiceOptions`
 * has everything that it needs from the command line and the process.
 */
import { errnoOf, VfioNamesError } from '../errors.ts';
import type { Machine } from '../links/observe.ts';
import type { Clock } from '../system/clock.ts';
import { type Notify, reloading } from '../system/notify.ts';
import { printable } from '../text/printable.ts';
import { Doubts } from './doubts.ts';
import { type Look, look } from './look.ts';
import { type Hints, type Loop, type Reason, startLoop } from './loop.ts';
import type { Figures } from './metrics.ts';
import type { Picture } from './picture.ts';
import { report, type WatchEvent } from './report.ts';
import type { Trigger, TriggerOptions } from './trigger.ts';

export interface ServiceOptions {
  readonly clock: Clock;
  /** Reloads the policy; throws VfioNamesError if it is invalid. */
  readonly load: () => Promise<Machine>;
  readonly trigger: (options: TriggerOptions) => Trigger;
  readonly notify: Notify | undefined;
  /** Milliseconds between passes if there are no hints. */
  readonly interval: number;
  /** Makes the temporary names of this process unique. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** Registers a function that is called to reload the policy. */
  readonly onReload: (reload: () => void) => void;
  /** Called in each pass before the links are updated, for work that depends only on the devices. */
  readonly first?: (hints: Hints, trigger: Reason) => void;
  /** Called for each event of a pass. */
  readonly tell: (event: WatchEvent, trigger: Reason) => void;
  /** Called after each pass. */
  readonly figures: (figures: Figures) => void;
  /** Called with one line for each problem of the service itself. */
  readonly fault: (message: string) => void;
  /** Called after the first pass: the links are correct, and the watcher will soon report changes. */
  readonly ready: (figures: Figures) => void;
}

/** The delay before a failed pass is retried, in milliseconds. */
export const retryPause = 1000;

/**
 * Runs the service until the signal; starts with `machine`, which reloads replace. Rejects with errors that are bugs, or if the
 * first pass fails.
 */
export async function serve(machine: Machine, options: ServiceOptions): Promise<void> {
  const { clock, notify, signal, fault } = options;
  let current = machine;
  let told: ReadonlySet<string> = new Set();
  let figures: Figures = {
    ...{
      devices: 0,
      missing: 0,
      links: 0,
      findings: 0,
      passes: 0,
      changes: 0,
      errors: 0,
      lastPass: 0,
      duration: 0,
    },
  };
  let trigger: Trigger | undefined;
  let state: Picture | undefined;
  const missingNodes = new Doubts();
  let cancelRetry = (): void => {};
  let lastFailure = '';

  /** Handles a pass that failed because of a system call: the links stay unchanged, and the pass is retried. */
  const handleFailure = (error: unknown): void => {
    const errno = errnoOf(error);
    if (errno === undefined || figures.passes === 0) throw error;
    // The failed pass may have changed only a part of the state, so the next pass must be a full one.
    state = state && { ...state, fit: false };
    const { syscall = 'call', path = '' } = error as { syscall?: string; path?: string };
    const message = `could not ${syscall} ${printable(path)}: ${errno}; the names stay as they are until it works again`;
    if (message !== lastFailure) fault(message);
    lastFailure = message;
    figures = { ...figures, errors: figures.errors + 1 };
    cancelRetry();
    cancelRetry = clock.after(retryPause, () => loop.hint('event'));
  };

  const pass = async (hints: Hints): Promise<void> => {
    const { reasons, places } = hints;
    const reason = mainReason(reasons);
    if (reasons.has('reload')) {
      notify?.send(reloading());
      current = await reloadPolicy(options, current);
    }
    const start = clock.now();
    let result: Look;
    try {
      options.first?.(hints, reason);
      result = look(current, options.token, state, places);
    } catch (error) {
      handleFailure(error);
      if (reasons.has('reload')) notify?.send({ READY: 1 });
      return;
    }
    lastFailure = '';
    state = result.picture;
    const { events, counts, told: stillReported } = report(result.pass, { ...result.before, told });
    told = stillReported;
    for (const event of events) options.tell(event, reason);
    const problems = events.filter(({ event }) => event === 'conflict' || event === 'failed').length;
    const changes = events.length - problems;
    // The rescan found changes that the watcher did not report, so the watcher is started again.
    if (reason === 'rescan' && changes > 0) trigger?.rearm();
    figures = {
      ...counts,
      passes: figures.passes + 1,
      changes: figures.changes + changes,
      errors: figures.errors + problems,
      lastPass: clock.date().getTime() / 1000,
      duration: (clock.now() - start) / 1000,
    };
    options.figures(figures);
    notify?.send({ STATUS: statusText(figures), ...(sendsReady(reasons, figures) && { READY: 1 }) });
    if (figures.passes === 1) options.ready(figures);
    // The kernel removes a node shortly before the device: check again until both are gone.
    cancelRetry();
    const retry = missingNodes.after(places, result.missing);
    if (retry.places.length > 0)
      cancelRetry = clock.after(retry.wait, () => {
        for (const place of retry.places) loop.hint('event', place);
      });
  };

  const loop: Loop = startLoop({ clock, pass, interval: options.interval, signal });
  options.onReload(() => loop.hint('reload'));
  loop.hint('start');
  if (!signal.aborted) trigger = options.trigger({ root: machine.root, clock, hint: loop.hint, fault });
  const stopWatchdog = startWatchdog(clock, notify);
  try {
    await loop.done;
  } finally {
    stopWatchdog();
    cancelRetry();
    notify?.send({ STOPPING: 1 });
    await trigger?.close();
    notify?.close();
  }
}

/** Reloads the policy; if the new policy is invalid, reports it and keeps the previous one. */
async function reloadPolicy({ load, fault }: ServiceOptions, current: Machine): Promise<Machine> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    fault(`the new policy is refused, the old one stays: ${error.message}`);
    return current;
  }
}

/** Whether to send READY: systemd waits for it after the start and after each RELOADING. */
function sendsReady(reasons: ReadonlySet<Reason>, { passes }: Figures): boolean {
  return passes === 1 || reasons.has('reload');
}

/** Sends WATCHDOG twice per watchdog interval; from a timer, so it shows that the event loop still runs. */
function startWatchdog(clock: Clock, notify: Notify | undefined): () => void {
  if (notify?.watchdog === undefined) return () => {};
  const pingDelay = notify.watchdog / 2;
  let stop = (): void => {};
  const ping = (): void => {
    notify.send({ WATCHDOG: 1 });
    stop = clock.after(pingDelay, ping);
  };
  stop = clock.after(pingDelay, ping);
  return () => stop();
}

function mainReason(reasons: ReadonlySet<Reason>): Reason {
  const order: readonly Reason[] = ['start', 'reload', 'event', 'armed', 'rescan'];
  return order.find((reason) => reasons.has(reason)) ?? 'rescan';
}

/** Returns the status line of `systemctl status`: `3 devices, 2 names, 1 without its node, 1 finding`. */
export function statusText({ devices, missing, links, findings }: Figures): string {
  const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const missingText = missing > 0 ? `, ${missing} without ${missing === 1 ? 'its node' : 'their nodes'}` : '';
  const findingsText = findings > 0 ? `, ${plural(findings, 'finding')}` : '';
  return `${plural(devices, 'device')}, ${plural(links, 'name')}${missingText}${findingsText}`;
}
