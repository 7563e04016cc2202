/**
 * The service: passes, what they report, the signs of life, and its end. Knows no command line and no process; what it
 * needs of them is in `ServiceOptions`.
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
  /** Reads the policy anew; throws VfioNamesError where it is wrong. */
  readonly load: () => Promise<Machine>;
  readonly trigger: (options: TriggerOptions) => Trigger;
  readonly notify: Notify | undefined;
  /** Milliseconds between looks that nobody asked for. */
  readonly interval: number;
  /** Makes the temporary names of this process its own. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** Calls its operand when the policy is to be read anew. */
  readonly onReload: (reload: () => void) => void;
  /** Ahead of the names in each pass, for what hangs on the devices themselves. */
  readonly first?: (hints: Hints, trigger: Reason) => void;
  readonly tell: (event: WatchEvent, trigger: Reason) => void;
  /** After each pass. */
  readonly figures: (figures: Figures) => void;
  /** One line of trouble of the service itself. */
  readonly fault: (message: string) => void;
  /** After the first pass: the names are true, and changes are heard soon. */
  readonly ready: (figures: Figures) => void;
}

/** A look that failed as a whole is tried again after so many milliseconds. */
export const retryPause = 1000;

/**
 * Runs until the signal; rejects with a fault of the program, or if the first look fails as a whole. `machine` is the
 * first one.
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
  let picture: Picture | undefined;
  const doubts = new Doubts();
  let dispel = (): void => {};
  let failing = '';

  /** A system call that a look can't do without failed: the names stay as they are, and are looked at again soon. */
  const failed = (error: unknown): void => {
    const errno = errnoOf(error);
    if (errno === undefined || figures.passes === 0) throw error;
    // What was believed may have been changed in part.
    picture = picture && { ...picture, fit: false };
    const { syscall = 'call', path = '' } = error as { syscall?: string; path?: string };
    const message = `could not ${syscall} ${printable(path)}: ${errno}; the names stay as they are until it works again`;
    if (message !== failing) fault(message);
    failing = message;
    figures = { ...figures, errors: figures.errors + 1 };
    dispel();
    dispel = clock.after(retryPause, () => loop.hint('event'));
  };

  const pass = async (hints: Hints): Promise<void> => {
    const { reasons, places } = hints;
    const why = mainReason(reasons);
    if (reasons.has('reload')) {
      notify?.send(reloading());
      current = await reloaded(options, current);
    }
    const began = clock.now();
    let seen: Look;
    try {
      options.first?.(hints, why);
      seen = look(current, options.token, picture, places);
    } catch (error) {
      failed(error);
      if (reasons.has('reload')) notify?.send({ READY: 1 });
      return;
    }
    failing = '';
    picture = seen.picture;
    const { events, counts, told: lasting } = report(seen.pass, { ...seen.before, told });
    told = lasting;
    for (const event of events) options.tell(event, why);
    const troubles = events.filter(({ event }) => event === 'conflict' || event === 'failed').length;
    const made = events.length - troubles;
    // Nobody told of what it found: the watcher is deaf.
    if (why === 'rescan' && made > 0) trigger?.rearm();
    figures = {
      ...counts,
      passes: figures.passes + 1,
      changes: figures.changes + made,
      errors: figures.errors + troubles,
      lastPass: clock.date().getTime() / 1000,
      duration: (clock.now() - began) / 1000,
    };
    options.figures(figures);
    notify?.send({ STATUS: statusText(figures), ...(isReadyNews(reasons, figures) && { READY: 1 }) });
    if (figures.passes === 1) options.ready(figures);
    // The kernel takes a node away a moment before the device: look again until both are gone.
    dispel();
    const doubtful = doubts.after(places, seen.missing);
    if (doubtful.places.length > 0)
      dispel = clock.after(doubtful.wait, () => {
        for (const place of doubtful.places) loop.hint('event', place);
      });
  };

  const loop: Loop = startLoop({ clock, pass, interval: options.interval, signal });
  options.onReload(() => loop.hint('reload'));
  loop.hint('start');
  if (!signal.aborted) trigger = options.trigger({ root: machine.root, clock, hint: loop.hint, fault });
  const quiet = startWatchdog(clock, notify);
  try {
    await loop.done;
  } finally {
    quiet();
    dispel();
    notify?.send({ STOPPING: 1 });
    await trigger?.close();
    notify?.close();
  }
}

/** The policy as it is now; a wrong one is refused, and the old one stays. */
async function reloaded({ load, fault }: ServiceOptions, current: Machine): Promise<Machine> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof VfioNamesError)) throw error;
    fault(`the new policy is refused, the old one stays: ${error.message}`);
    return current;
  }
}

/** systemd waits for READY after the start and after each RELOADING. */
function isReadyNews(reasons: ReadonlySet<Reason>, { passes }: Figures): boolean {
  return passes === 1 || reasons.has('reload');
}

/** Twice in the time that the manager allows; from a timer, so it says that the program still turns. */
function startWatchdog(clock: Clock, notify: Notify | undefined): () => void {
  if (notify?.watchdog === undefined) return () => {};
  const half = notify.watchdog / 2;
  let stop = (): void => {};
  const next = (): void => {
    notify.send({ WATCHDOG: 1 });
    stop = clock.after(half, next);
  };
  stop = clock.after(half, next);
  return () => stop();
}

function mainReason(reasons: ReadonlySet<Reason>): Reason {
  const order: readonly Reason[] = ['start', 'reload', 'event', 'armed', 'rescan'];
  return order.find((reason) => reasons.has(reason)) ?? 'rescan';
}

/** `3 devices, 2 names, 1 without its node, 1 finding`, for systemctl status. */
export function statusText({ devices, missing, links, findings }: Figures): string {
  const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const absent = missing > 0 ? `, ${missing} without ${missing === 1 ? 'its node' : 'their nodes'}` : '';
  const trouble = findings > 0 ? `, ${plural(findings, 'finding')}` : '';
  return `${plural(devices, 'device')}, ${plural(links, 'name')}${absent}${trouble}`;
}
