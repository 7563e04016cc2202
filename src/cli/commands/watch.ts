/** `watch`: the service that keeps the names true. Decides only what is said where; watch/service.ts does the work. */
import { attempt, type ExitStatus, errnoOf, exitStatus, VfioNamesError } from '../../errors.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import type { Files } from '../../system/files.ts';
import { type Notify, openNotify } from '../../system/notify.ts';
import { printable } from '../../text/printable.ts';
import type { Figures } from '../../watch/metrics.ts';
import { metricsText } from '../../watch/metrics.ts';
import { type ServiceOptions, serve, statusText } from '../../watch/service.ts';
import { startTrigger, type Trigger, type TriggerOptions } from '../../watch/trigger.ts';
import { writeMetrics } from '../../watch/write-metrics.ts';
import { cdiOptionsOf, specFileOf } from '../cdi-options.ts';
import type { Invocation, Io, Run } from '../command.ts';
import { filesOf, machineOf } from '../machine.ts';
import { runToken } from '../run-token.ts';
import { type CdiKeeper, type CdiTelling, cdiKeeper } from '../watch-cdi.ts';
import { watchJson, watchLine } from '../watch-line.ts';

/** What the service needs of the outside; tests have another one. */
export interface WatchWorld {
  readonly clock: Clock;
  readonly trigger: (options: TriggerOptions) => Trigger;
  readonly notify: (env: Io['env'], fault: (message: string) => void) => Promise<Notify | undefined>;
}

export const run: Run = (invocation, io) =>
  watchWith({ clock: systemClock, trigger: startTrigger, notify: openNotify }, invocation, io);

export async function watchWith(
  { clock, trigger, notify }: WatchWorld,
  invocation: Invocation,
  io: Io,
): Promise<ExitStatus> {
  const { json, values } = invocation;
  const interval = secondsOf(values['interval']);
  checkMetrics(filesOf(io), values['metrics']);
  const controller = new AbortController();
  const token = runToken();
  let early = false;
  let reload = (): void => {
    early = true;
  };
  // Before anything else: as PID 1 of a container we get no signal that we do not ask for.
  const stopListening = io.signals?.({
    SIGTERM: () => controller.abort(),
    SIGINT: () => controller.abort(),
    SIGHUP: () => reload(),
  });
  const level = journalLevels(io);
  const fault = (message: string): void => io.err(`${level('error')}vfio-names: ${message}`);
  const metrics = metricsWriter(values['metrics'], token, fault);
  const tell: ServiceOptions['tell'] = (event, reason) => {
    const trouble = event.event === 'conflict' || event.event === 'failed';
    if (json) io.out(watchJson(event, reason, clock.date()));
    else if (!trouble) io.out(`${watchLine(event)}\n`);
    if (trouble) io.err(`${level('warning')}vfio-names: ${watchLine(event)}`);
  };
  const warn = (message: string): void => io.err(`${level('warning')}vfio-names: ${message}`);
  let cdi: CdiKeeper | undefined;
  try {
    const machine = await machineOf(invocation, io);
    cdi = keeperOf(invocation, io, token, { tell, fault, warn, now: clock.now });
    await serve(machine, {
      clock,
      interval,
      token,
      // The groups' nodes tell something of their own where the file may name them.
      trigger: cdi ? (options) => trigger({ ...options, groups: true }) : trigger,
      fault,
      load: () => machineOf(invocation, io),
      notify: await notify(io.env, fault),
      signal: controller.signal,
      onReload: (act) => {
        reload = act;
        // It came while the policy was being read, and that may have been too late for what changed.
        if (early) act();
      },
      ...(cdi && { first: cdi.keep }),
      tell,
      figures: metrics,
      ready: (figures) => {
        if (!json) io.out(`watching: ${statusText(figures)}\n`);
      },
    });
  } finally {
    cdi?.end();
    stopListening?.();
  }
  return exitStatus.fine;
}

const cdiOnly = ['bus', 'interface', 'kind'] as const;

/** What keeps the file of --cdi, absent without it. */
function keeperOf(
  { root, values }: Invocation,
  io: Io,
  token: string,
  telling: CdiTelling,
): CdiKeeper | undefined {
  const path = values['cdi'];
  if (path !== undefined) {
    const plan = { ...cdiOptionsOf(values), path: specFileOf('--cdi', path) };
    return cdiKeeper(filesOf(io), root, plan, token, telling);
  }
  const alone = cdiOnly.find((name) => values[name] !== undefined);
  if (alone === undefined) return undefined;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --cdi FILE beside --${alone}, found none; the names are kept for every device`,
  );
}

/** --interval in milliseconds. */
function secondsOf(text = '30'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text) * 1000;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --interval to be whole seconds from 1 to 99999, found ${printable(text)}; 30 is the default`,
  );
}

/** FILE is replaced by a rename, and root may replace anything: a node must not be lost by a slip (`--metrics /dev/null`). */
function checkMetrics(files: Files, path: string | undefined): void {
  if (path === undefined) return;
  const status = attempt(() => files.lstat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
  if (status === undefined || status.kind === 'file') return;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a file or nothing at --metrics ${printable(path)}, found a ${status.kind}, which would be replaced; choose another FILE`,
    { path },
  );
}

/** Below systemd, `<3>` tells the journal how grave a line is (sd-daemon(3)). */
function journalLevels({ env }: Io): (grave: 'error' | 'warning') => string {
  if ((env['JOURNAL_STREAM'] ?? '') === '') return () => '';
  return (grave) => (grave === 'error' ? '<3>' : '<4>');
}

/** Writes the figures after each pass; that they can't be written is said once until they can. */
function metricsWriter(
  path: string | undefined,
  token: string,
  fault: (message: string) => void,
): (figures: Figures) => void {
  if (path === undefined) return () => {};
  let broken = false;
  return (figures) => {
    try {
      writeMetrics(path, metricsText(figures), token);
      broken = false;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (!broken)
        fault(`could not write the metrics: ${printable(path)}: ${errno}; make its directory writable`);
      broken = true;
    }
  };
}
