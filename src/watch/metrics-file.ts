/** The file of `watch --metrics`: written after each pass, and read to check that the service is alive. */
import { errnoOf, exitStatus, explainErrno, ignoring, VfioNamesError } from '../errors.ts';
import { replacePath } from '../system/atomic-file.ts';
import type { Files, SystemFiles } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { isMetricsFile, lastPassOf, type Metrics, metricsText } from './metrics.ts';

/** Returns a function that writes the metrics after each pass; reports a failure once until a write succeeds. */
export function metricsWriter(
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
        fault(
          `could not write the metrics: ${printable(path)}: ${explainErrno(errno)}; make its directory writable`,
        );
      hasFailed = true;
    }
  };
}

/** How old the last pass may be, in seconds: several intervals, since a pass over many devices takes a while. */
export function oldestPass(interval: number): number {
  return Math.max(60, 3 * interval);
}

/**
 * Returns how many seconds ago the last pass of the service that writes `path` ended. Throws VfioNamesError `not-alive` (status
 * 1) if that is longer than `limit` ago, or if there is no metrics file. `now` is in seconds since 1970.
 */
export function readPassAge(files: Files, path: string, limit: number, now: number): number {
  const text = ignoring(() => files.read(path, 1 << 16), 'ENOENT', 'ENOTDIR');
  const lastPass = text === undefined ? undefined : lastPassOf(text);
  if (lastPass === undefined)
    throw notAlive(
      path,
      `expected the metrics of a running watch at ${printable(path)}, found ${text === undefined ? 'nothing' : 'another file'}`,
    );
  // Negative after the clock was set back.
  const age = Math.max(0, Math.round(now - lastPass));
  if (age <= limit) return age;
  throw notAlive(
    path,
    `expected a pass of watch in the last ${limit} seconds, found the last one ${age} seconds ago`,
  );
}

function notAlive(path: string, message: string): VfioNamesError {
  return new VfioNamesError('not-alive', exitStatus.findings, message, {
    hint: 'start the service again',
    path,
  });
}
