/** `watch`: runs watch/service.ts, which keeps links up to date, and prints its events and errors. */
import { errnoOf, exitStatus, ignoring, VfioNamesError } from '../../errors.ts';
import { replacePath } from '../../system/atomic-file.ts';
import type { Files, SystemFiles } from '../../system/files.ts';
import type { Environment } from '../../system/process.ts';
import { printable } from '../../text/printable.ts';
import { type CdiKeeper, type CdiReporter, createCdiKeeper } from '../../watch/cdi.ts';
import type { Metrics } from '../../watch/metrics.ts';
import { isMetricsFile, metricsText } from '../../watch/metrics.ts';
import { runService, type ServiceOptions, statusText } from '../../watch/service.ts';
import { startTrigger } from '../../watch/watcher.ts';
import type { Invocation, RunCommand } from '../command.ts';
import { loadPolicyMachine, reportSkippedAccess } from '../context.ts';
import { formatEvent, formatEventJson } from '../output.ts';
import { checkSpecPath, parseCdiOptions } from './cdi.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const { clock, files, process } = system;
  const { json, values } = invocation;
  const interval = intervalMs(values['interval']);
  checkMetrics(files, values['metrics']);
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
  const onError = (message: string): void => io.err(`${level('error')}vfio-names: ${message}`);
  if (values['cdi'] !== undefined || values['metrics'] !== undefined) await system.loadExchange();
  const metrics = metricsWriter(files, values['metrics'], token, onError);
  const emit: ServiceOptions['emit'] = (event, reason) => {
    const isProblem = event.event === 'conflict' || event.event === 'failed';
    if (json) io.out(formatEventJson(event, reason, clock.date()));
    else if (!isProblem) io.out(`${formatEvent(event)}\n`);
    if (isProblem) io.err(`${level('warning')}vfio-names: ${formatEvent(event)}`);
  };
  const onWarning = (message: string): void => io.err(`${level('warning')}vfio-names: ${message}`);
  let cdi: CdiKeeper | undefined;
  try {
    const machine = await loadPolicyMachine(invocation, system);
    reportSkippedAccess(machine, onWarning);
    const startWatcher = await system.loadWatcher();
    cdi = keeperOf(files, invocation, token, { emit, onError, onWarning, now: clock.now });
    await runService(machine, {
      clock,
      interval,
      token,
      // The CDI file may contain group nodes, so watch them, too.
      trigger: (options) => startTrigger(startWatcher, { ...options, ...(cdi && { groups: () => true }) }),
      onError,
      reload: () => loadPolicyMachine(invocation, system),
      notify: await system.openNotify(onError),
      signal: controller.signal,
      onReload: (fn) => {
        reload = fn;
        // SIGHUP arrived while the policy was read, which may have missed the latest change.
        if (isReloadPending) fn();
      },
      ...(cdi && { beforeLinks: cdi.update }),
      emit,
      onMetrics: metrics,
      onReady: (figures) => {
        if (!json) io.out(`watching: ${statusText(figures)}\n`);
      },
    });
  } finally {
    cdi?.remove();
    stopListening();
  }
  return exitStatus.ok;
};

const cdiOnly = ['bus', 'interface', 'kind', 'whole-groups'] as const;

/** The keeper of the --cdi file; `undefined` without --cdi. Throws VfioNamesError `usage` (status 2) for CDI options without it. */
function keeperOf(
  files: SystemFiles,
  { root, values, flags }: Invocation,
  token: string,
  telling: CdiReporter,
): CdiKeeper | undefined {
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

/** Throws unless `path` is a file or does not exist: it is replaced by rename, which as root would replace even /dev/null. */
function checkMetrics(files: Files, path: string | undefined): void {
  if (path === undefined) return;
  const status = ignoring(() => files.lstat(path), 'ENOENT', 'ENOTDIR', 'EACCES');
  if (status === undefined || status.kind === 'file') return;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a file or nothing at --metrics ${printable(path)}, found a ${status.kind}, which would be replaced`,
    { hint: 'choose another FILE', path },
  );
}

/** Returns the priority prefix of a line for the systemd journal, such as `<3>` (sd-daemon(3)); empty outside the journal. */
function journalLevels(env: Environment): (severity: 'error' | 'warning') => string {
  if ((env['JOURNAL_STREAM'] ?? '') === '') return () => '';
  return (severity) => (severity === 'error' ? '<3>' : '<4>');
}

/** Returns a function that writes the metrics after each pass; reports a failure once until a write succeeds. */
function metricsWriter(
  files: SystemFiles,
  path: string | undefined,
  token: string,
  fault: (message: string) => void,
): (figures: Metrics) => void {
  if (path === undefined) return () => {};
  let hasFailed = false;
  let isFirst = true;
  return (figures) => {
    try {
      const options = { sweep: isFirst, isGenerated: isMetricsFile };
      const done = replacePath(files, path, metricsText(figures), token, options);
      isFirst = false;
      if (!done && !hasFailed)
        fault(
          `could not write the metrics: expected a metrics file of vfio-names or nothing at ${printable(path)}, found another file; remove it, or use another FILE`,
        );
      hasFailed = !done;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (!hasFailed)
        fault(`could not write the metrics: ${printable(path)}: ${errno}; make its directory writable`);
      hasFailed = true;
    }
  };
}
