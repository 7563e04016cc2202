/** Runs the watch command with a fake clock and a trigger whose hints the test sends. */
import type { ExecutionContext } from 'ava';
import { parseCommandLine } from '../../src/cli/args.ts';
import type { Io } from '../../src/cli/command.ts';
import { run } from '../../src/cli/commands/watch.ts';
import { commands, commonOptions } from '../../src/cli/commands.ts';
import type { SystemFiles } from '../../src/system/files.ts';
import type { Notify } from '../../src/system/notify.ts';
import type { Environment, Signal, SignalHandlers } from '../../src/system/process.ts';
import type { WatcherOptions } from '../../src/system/watcher.ts';
import type { WatchEvent } from '../../src/watch/events.ts';
import { minDebounceMs } from '../../src/watch/loop.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type FakeRoot, fakeFiles } from './fake-root.ts';
import { schemaErrors } from './schema.ts';
import { testSystem } from './system.ts';

export interface Service {
  readonly clock: FakeClock;
  readonly out: () => string;
  readonly lines: () => WatchEvent[];
  readonly err: readonly string[];
  readonly sent: readonly Readonly<Record<string, unknown>>[];
  readonly hint: WatcherOptions['onHint'];
  readonly onError: WatcherOptions['onError'];
  readonly rearmed: () => number;
  readonly signal: (name: Signal) => void;
  readonly status: Promise<number>;
}

/** Starts the service and returns after its first pass. `early` is a signal sent before the policy is loaded. */
export async function startService(
  t: ExecutionContext,
  root: FakeRoot,
  args: readonly string[] = ['--json'],
  {
    files = fakeFiles,
    watchdog,
    env = {},
    early,
    stdoutIsTty = false,
  }: {
    files?: SystemFiles;
    watchdog?: number;
    env?: Environment;
    early?: Signal;
    stdoutIsTty?: boolean;
  } = {},
): Promise<Service> {
  const clock = fakeClock();
  let out = '';
  const err: string[] = [];
  const sent: Readonly<Record<string, unknown>>[] = [];
  let handlers: SignalHandlers | undefined;
  let options: WatcherOptions | undefined;
  let rearmed = 0;
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (line) => err.push(line),
    stdoutIsTty,
    stdinIsTty: false,
  };
  const notify: Notify = {
    send: (fields) => sent.push(fields),
    ...(watchdog !== undefined && { watchdog }),
    close: () => sent.push({ CLOSED: 1 }),
  };
  const parsed = parseCommandLine(['watch', '--host-root', root.dir, ...args], commands, commonOptions, {
    env,
    stdoutIsTty: false,
  });
  if (parsed.kind !== 'run') throw new Error('not a run');
  const system = testSystem({
    clock,
    files,
    loadWatcher: async () => (given) => {
      options = given;
      return { rearm: () => void rearmed++, close: () => Promise.resolve() };
    },
    openNotify: () => Promise.resolve(notify),
    process: {
      env,
      handleSignals: (given) => {
        handlers = given;
        if (early) given[early]();
        return () => {
          handlers = undefined;
        };
      },
    },
  });
  const status = Promise.resolve(run(parsed.invocation, io, system));
  // Prevents an unhandled rejection if the test does not await the status.
  status.catch(() => {});
  // Loading the policy takes an unknown number of event loop turns.
  while (!options) await new Promise((resolve) => setImmediate(resolve));
  const given = options;
  await clock.advance(minDebounceMs);
  t.teardown(async () => {
    handlers?.SIGTERM();
    await status.catch(() => {});
  });
  return {
    clock,
    err,
    sent,
    status,
    out: () => out,
    lines: () =>
      out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const document = JSON.parse(line);
          t.deepEqual(schemaErrors('watch', document), [], line);
          return document;
        }),
    hint: given.onHint,
    onError: given.onError,
    rearmed: () => rearmed,
    signal: (name) => handlers?.[name](),
  };
}
