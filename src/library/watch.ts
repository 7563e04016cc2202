/** watch() of the library: the service of the command `watch`, without its signals, metrics and service manager. */
import type { Machine } from '../links/observe.ts';
import { linkRoot } from '../names/scheme.ts';
import type { System } from '../system/system.ts';
import { runService } from '../watch/service.ts';
import { startTrigger } from '../watch/watcher.ts';
import type { Watch, WatchOptions } from './types.ts';

const DEFAULT_INTERVAL = 30;

/** Starts the service; resolves after the first pass, and rejects if that fails. `load` reads the policy. */
export async function startWatch(
  system: System,
  load: () => Promise<Machine>,
  { onEvent, onError, interval = DEFAULT_INTERVAL }: WatchOptions,
): Promise<Watch> {
  const { clock } = system;
  const controller = new AbortController();
  let reload = (): void => {};
  let setReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  const startWatcher = await system.loadWatcher();
  const service = runService(await load(), {
    clock,
    interval: interval * 1000,
    token: system.process.token(),
    trigger: (options) => startTrigger(startWatcher, options),
    notify: undefined,
    signal: controller.signal,
    reload: load,
    onReload: (fn) => {
      reload = fn;
    },
    emit: ({ link, ...event }, trigger) =>
      onEvent?.({ ...event, ...(link !== undefined && { link: `${linkRoot}/${link}` }) }, trigger),
    onError: (message) => onError?.(message),
    onMetrics: () => {},
    onReady: setReady,
  });
  await Promise.race([ready, service]);
  // A promise of its own: an error after the first pass is unhandled unless the caller handles it.
  const done = service.then(() => {});
  return {
    reload: () => reload(),
    close: () => {
      controller.abort();
      return done;
    },
    done,
  };
}
