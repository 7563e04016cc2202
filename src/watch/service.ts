/**
 * The watch service: runs passes, reports their events, notifies systemd, pings the watchdog, and shuts down. `ServiceOptions`
 * has everything that it needs from the command line and the process.
 */
import { errnoOf, explainErrno, ioError, VfioNamesError, withHint } from '../errors.ts';
import type { Machine } from '../links/observe.ts';
import type { Clock } from '../system/clock.ts';
import { type Notify, reloadingFields } from '../system/notify.ts';
import type { Watcher } from '../system/watcher.ts';
import { printable } from '../text/printable.ts';
import { report, type WatchEvent } from './events.ts';
import { type Hints, type Loop, type Reason, startLoop } from './loop.ts';
import type { Metrics } from './metrics.ts';
import { MissingNodeRetry } from './missing-node-retry.ts';
import { type Memory, type PassResult, runPass } from './pass.ts';
import type { TriggerOptions } from './watcher.ts';

export interface ServiceOptions {
  readonly clock: Clock;
  /** Reloads the policy; throws VfioNamesError if it is invalid. */
  readonly reload: () => Promise<Machine>;
  readonly trigger: (options: TriggerOptions) => Watcher;
  readonly notify: Notify | undefined;
  /** Milliseconds between passes if there are no hints. */
  readonly interval: number;
  /** Makes the temporary names of this process unique. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** Registers a function that is called to reload the policy. */
  readonly onReload: (reload: () => void) => void;
  /** Called in each pass before the links are updated, for work that depends only on the devices. */
  readonly beforeLinks?: (hints: Hints, trigger: Reason) => void;
  /** Called for each event of a pass. */
  readonly emit: (event: WatchEvent, trigger: Reason) => void;
  /** Called after each pass. */
  readonly onMetrics: (figures: Metrics) => void;
  /** Called with one line for each problem of the service itself. */
  readonly onError: (message: string) => void;
  /** Called after the first pass: the links are correct, and the watcher will soon report changes. */
  readonly onReady: (figures: Metrics) => void;
}

/** The delay before a failed pass is retried, in milliseconds. */
export const retryDelayMs = 1000;

/**
 * Runs the service until the signal; starts with `machine`, which reloads replace. Rejects with errors that are bugs, or if the
 * first pass fails.
 */
export async function runService(machine: Machine, options: ServiceOptions): Promise<void> {
  const { clock, notify, signal, onError } = options;
  let current = machine;
  let told: ReadonlySet<string> = new Set();
  let figures: Metrics = {
    devices: 0,
    missing: 0,
    links: 0,
    findings: 0,
    policyRejected: 0,
    passes: 0,
    changes: 0,
    errors: 0,
    lastPass: 0,
    duration: 0,
  };
  let trigger: Watcher | undefined;
  const memory: Memory = {};
  const missingNodes = new MissingNodeRetry();
  let cancelRetry = (): void => {};
  let lastFailure = '';

  /** Handles a pass that failed because of a system call: the links stay unchanged, and the pass is retried. */
  const handleFailure = (error: unknown): void => {
    const errno = errnoOf(error);
    if (errno === undefined || figures.passes === 0) throw error;
    // The failed pass may have changed only a part of the state, so the next pass must be a full one.
    if (memory.state) memory.state = { ...memory.state, fit: false };
    const { syscall = 'call', path = '' } = error as { syscall?: string; path?: string };
    const message = `could not ${syscall} ${printable(path)}: ${explainErrno(errno)}; the names stay as they are until it works again`;
    if (message !== lastFailure) onError(message);
    lastFailure = message;
    figures = { ...figures, errors: figures.errors + 1 };
    cancelRetry();
    cancelRetry = clock.setTimer(retryDelayMs, () => loop.hint('event'));
  };

  const pass = async (hints: Hints): Promise<void> => {
    const { reasons, paths } = hints;
    const reason = mainReason(reasons);
    if (reasons.has('reload')) {
      notify?.send(reloadingFields(clock));
      const reloaded = await reloadPolicy(options);
      current = reloaded ?? current;
      figures = {
        ...figures,
        policyRejected: reloaded ? 0 : 1,
        errors: figures.errors + (reloaded ? 0 : 1),
      };
    }
    const start = clock.now();
    let result: PassResult;
    try {
      options.beforeLinks?.(hints, reason);
      result = runPass(current, options.token, memory, paths);
    } catch (error) {
      handleFailure(error);
      if (reasons.has('reload')) notify?.send({ READY: 1 });
      return;
    }
    lastFailure = '';
    const { events, counts, told: stillReported } = report(result.pass, { ...result.before, told });
    told = stillReported;
    for (const event of events) options.emit(event, reason);
    const problems = events.filter(({ event }) => event === 'conflict' || event === 'failed').length;
    const changes = events.length - problems;
    // The rescan found changes that the watcher did not report, so the watcher is started again.
    if (reason === 'rescan' && changes > 0) trigger?.rearm();
    figures = {
      ...counts,
      policyRejected: figures.policyRejected,
      passes: figures.passes + 1,
      changes: figures.changes + changes,
      errors: figures.errors + problems,
      lastPass: clock.date().getTime() / 1000,
      duration: (clock.now() - start) / 1000,
    };
    options.onMetrics(figures);
    notify?.send({ STATUS: statusText(figures), ...(sendsReady(reasons, figures) && { READY: 1 }) });
    if (figures.passes === 1) options.onReady(figures);
    // The kernel removes a node shortly before the device: check again until both are gone.
    cancelRetry();
    const retry = missingNodes.record(paths, result.missing);
    if (retry.places.length > 0)
      cancelRetry = clock.setTimer(retry.wait, () => {
        for (const place of retry.places) loop.hint('event', place);
      });
  };

  const loop: Loop = startLoop({ clock, pass, interval: options.interval, signal });
  options.onReload(() => loop.hint('reload'));
  loop.hint('start');
  const groups = (): boolean => current.groupNames?.enabled !== false;
  if (!signal.aborted)
    trigger = options.trigger({ root: machine.root, clock, onHint: loop.hint, onError, groups });
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

/** Reloads the policy; if the new policy is invalid, reports it and returns `undefined`, so that the previous one stays. */
async function reloadPolicy({ reload, onError }: ServiceOptions): Promise<Machine | undefined> {
  try {
    return await reload();
  } catch (error) {
    if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
    const { path = '' } = error as { readonly path?: string };
    const text = withHint(ioError(error, 'read the policy', printable(path)));
    onError(`new policy rejected, still using the previous one: ${text}`);
    return undefined;
  }
}

/** Whether to send READY: systemd waits for it after the start and after each RELOADING. */
function sendsReady(reasons: ReadonlySet<Reason>, { passes }: Metrics): boolean {
  return passes === 1 || reasons.has('reload');
}

/** Sends WATCHDOG twice per watchdog interval; from a timer, so it shows that the event loop still runs. */
function startWatchdog(clock: Clock, notify: Notify | undefined): () => void {
  if (notify?.watchdog === undefined) return () => {};
  const pingDelay = notify.watchdog / 2;
  let stop = (): void => {};
  const ping = (): void => {
    notify.send({ WATCHDOG: 1 });
    stop = clock.setTimer(pingDelay, ping);
  };
  stop = clock.setTimer(pingDelay, ping);
  return () => stop();
}

function mainReason(reasons: ReadonlySet<Reason>): Reason {
  const order: readonly Reason[] = ['start', 'reload', 'event', 'armed', 'rescan'];
  return order.find((reason) => reasons.has(reason)) ?? 'rescan';
}

/** Returns the status line of `systemctl status`: `3 devices, 2 names, 1 without its node, 1 finding`. */
export function statusText({ devices, missing, links, findings }: Metrics): string {
  const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const missingText = missing > 0 ? `, ${missing} without ${missing === 1 ? 'its node' : 'their nodes'}` : '';
  const findingsText = findings > 0 ? `, ${plural(findings, 'finding')}` : '';
  return `${plural(devices, 'device')}, ${plural(links, 'name')}${missingText}${findingsText}`;
}
