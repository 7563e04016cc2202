/** `watch`: runs watch/service.ts, which keeps links up to date, and prints its events and errors. */
import { readAccountNames } from '../../devices/accounts.ts';
import { type ExitStatus, exitStatus, VfioNamesError } from '../../errors.ts';
import { checkFeaturesPath } from '../../nfd/file.ts';
import type { SystemFiles } from '../../system/files.ts';
import type { Environment } from '../../system/process.ts';
import type { System } from '../../system/system.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import { type CdiReporter, createCdiKeeper } from '../../watch/cdi.ts';
import { checkKeptPath, type FileKeeper } from '../../watch/file-keeper.ts';
import type { Metrics } from '../../watch/metrics.ts';
import { metricsWriter, oldestPass, readPassAge } from '../../watch/metrics-file.ts';
import { createNfdKeeper } from '../../watch/nfd.ts';
import { runService, type ServiceOptions, statusText } from '../../watch/service.ts';
import { startTrigger } from '../../watch/watcher.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportSkippedAccess } from '../context.ts';
import { formatEvent, formatEventJson } from '../output.ts';
import { checkSpecPath, parseCdiOptions } from './cdi.ts';

/** The options that name a file which the service keeps up to date. */
const keptFiles = ['cdi', 'nfd', 'metrics'] as const;

export const run: RunCommand = async (invocation, io, system) => {
  const { clock, files, process } = system;
  const { json, values } = invocation;
  const interval = intervalMs(values['interval']);
  if (invocation.flags['alive']) return reportAlive(invocation, io, system, interval / 1000);
  for (const name of keptFiles) {
    const path = values[name];
    if (path !== undefined) checkKeptPath(files, `--${name}`, path);
  }
  const controller = new AbortController();
  const token = process.token();
  let isReloadPending = false;
  let reload = (): void => {
    isReloadPending = true;
  };
  // First of all: the kernel discards signals to PID 1 of a container that have no handler.
  const stopListening = process.handleSignals({
    SIGTERM: () => controller.abort(),
    SIGINT: () => controller.abort(),
    SIGHUP: () => reload(),
  });
  const level = journalLevels(process.env);
  const onError = (message: string): void => io.err(`${time()}${level('error')}vfio-names: ${message}`);
  if (keptFiles.some((name) => values[name] !== undefined)) await system.loadExchange();
  const metrics = metricsWriter(files, values['metrics'], token, onError);
  // The journal adds a time to each line by itself.
  const time = (): string => (io.stdoutIsTty ? `${clockTime(clock.date())} ` : '');
  const say = (line: string): void => {
    if (!json) io.out(`${time()}${line}\n`);
  };
  const names = () => readAccountNames(files, invocation.root);
  const emit: ServiceOptions['emit'] = (event, reason) => {
    const isProblem = event.event === 'conflict' || event.event === 'failed';
    if (json) io.out(formatEventJson(event, reason, clock.date()));
    else if (!isProblem) say(formatEvent(event, names));
    if (isProblem) io.err(`${time()}${level('warning')}vfio-names: ${formatEvent(event, names)}`);
  };
  const onWarning = (message: string): void => io.err(`${time()}${level('warning')}vfio-names: ${message}`);
  let last: Metrics | undefined;
  let keepers: readonly FileKeeper[] = [];
  try {
    const machine = await loadPolicyMachine(invocation, system);
    reportSkippedAccess(machine, onWarning);
    const startWatcher = await system.loadWatcher();
    keepers = keepersOf(files, invocation, token, { emit, onError, onWarning, now: clock.now });
    await runService(machine, {
      clock,
      interval,
      token,
      // The files may be about group nodes, so watch them, too.
      trigger: (options) =>
        startTrigger(startWatcher, { ...options, ...(keepers.length > 0 && { groups: () => true }) }),
      onError,
      reload: async () => {
        const reloaded = await loadPolicyMachine(invocation, system);
        say('the policy was read again');
        return reloaded;
      },
      notify: await system.openNotify(onError),
      signal: controller.signal,
      onReload: (fn) => {
        reload = fn;
        // SIGHUP arrived while the policy was read, which may have missed the latest change.
        if (isReloadPending) fn();
      },
      beforeLinks: (hints, why) => {
        for (const keeper of keepers) keeper.update(hints, why);
      },
      emit,
      onMetrics: (figures) => {
        last = figures;
        metrics(figures);
      },
      onReady: (figures) =>
        say(`watching: ${statusText(figures)}${io.stdoutIsTty ? '; Ctrl+C ends it' : ''}`),
    });
  } finally {
    for (const keeper of keepers) keeper.remove();
    stopListening();
  }
  if (io.stdoutIsTty && last) say(`ended after ${plural(last.changes, 'change')}, with ${statusText(last)}`);
  return exitStatus.ok;
};

/** `13:05:09`, local time. */
function clockTime(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** Prints how long ago the last pass of the service that writes the metrics was. Throws as readPassAge() does, and `usage` (status 2). */
function reportAlive(
  { values, json }: Invocation,
  io: Io,
  { files, clock }: System,
  interval: number,
): ExitStatus {
  const path = values['metrics'];
  if (path === undefined || json)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected --metrics FILE${json ? ' and no --json' : ''} with --alive`,
      { hint: 'give FILE and --interval as to the service' },
    );
  const age = readPassAge(files, path, oldestPass(interval), clock.date().getTime() / 1000);
  io.out(`alive: the last pass was ${age} s ago\n`);
  return exitStatus.ok;
}

const cdiOnly = ['bus', 'interface', 'kind', 'whole-groups'] as const;

/** The keepers of the files of --cdi and --nfd. Throws VfioNamesError `usage` (status 2) for an invalid path or option. */
function keepersOf(
  files: SystemFiles,
  invocation: Invocation,
  token: string,
  telling: CdiReporter,
): readonly FileKeeper[] {
  const features = invocation.values['nfd'];
  const nfd =
    features === undefined
      ? undefined
      : createNfdKeeper(files, invocation.root, checkFeaturesPath('--nfd', features), token, telling);
  const cdi = cdiKeeperOf(files, invocation, token, telling);
  return [cdi, nfd].filter((keeper) => keeper !== undefined);
}

/** The keeper of the --cdi file; `undefined` without --cdi. Throws VfioNamesError `usage` (status 2) for CDI options without it. */
function cdiKeeperOf(
  files: SystemFiles,
  { root, values, flags }: Invocation,
  token: string,
  telling: CdiReporter,
): FileKeeper | undefined {
  const path = values['cdi'];
  if (path !== undefined) {
    const plan = {
      ...parseCdiOptions({ files, root }, { values, flags }),
      path: checkSpecPath('--cdi', path),
    };
    return createCdiKeeper(files, root, plan, token, telling);
  }
  const strayOption = cdiOnly.find((name) => values[name] !== undefined || flags[name]);
  if (strayOption === undefined) return undefined;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --cdi FILE beside --${strayOption}, found none`,
    { hint: 'the names are kept for every device' },
  );
}

/** --interval in milliseconds. Throws VfioNamesError `usage` (status 2) for an invalid value. */
function intervalMs(text = '30'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text) * 1000;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected --interval to be whole seconds from 1 to 99999, found ${printable(text)}`,
    { hint: '30 is the default' },
  );
}

/** Returns the priority prefix of a line for the systemd journal, such as `<3>` (sd-daemon(3)); empty outside the journal. */
function journalLevels(env: Environment): (severity: 'error' | 'warning') => string {
  if ((env['JOURNAL_STREAM'] ?? '') === '') return () => '';
  return (severity) => (severity === 'error' ? '<3>' : '<4>');
}
