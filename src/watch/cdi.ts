/** Keeps the CDI file of `watch --cdi` up to date and reports changes and errors; cdi/keep.ts writes the file. */

import { affectsNodes, type CdiTarget, removeSpec, updateSpec } from '../cdi/keep.ts';
import { formatSkipped } from '../links/node-check.ts';
import type { SystemFiles } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import type { WatchEvent } from './events.ts';
import { type FileKeeper, reportOnce } from './file-keeper.ts';
import type { Reason } from './loop.ts';

export interface CdiReporter {
  readonly emit: (event: WatchEvent, why: Reason) => void;
  /** Reports an error of the file itself, as one printable line. */
  readonly onError: (message: string) => void;
  /** Reports a device that is not in the file, as one printable line. */
  readonly onWarning: (message: string) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Milliseconds after which a skipped device is reported; a device that is being unbound is skipped only briefly. */
const warnAfterMs = 1000;

export function createCdiKeeper(
  files: SystemFiles,
  root: Root,
  plan: CdiTarget,
  token: string,
  { emit, onError, onWarning, now }: CdiReporter,
): FileKeeper {
  /** Skipped devices: the reason, and the time since when in milliseconds; Infinity once it is reported. */
  let skippedSince = new Map<string, number>();
  const guarded = reportOnce('the CDI specification', plan.path, onError);
  return {
    update: ({ paths }, why) => {
      if (!affectsNodes(paths)) return;
      guarded(() => {
        const { outcome, skipped } = updateSpec(files, root, plan, token);
        if (outcome === 'written') emit({ event: 'cdi', reason: 'written', file: plan.path }, why);
        if (outcome === 'removed') emit({ event: 'cdi', reason: 'gone', file: plan.path }, why);
        skippedSince = new Map(
          skipped.map(formatSkipped).map((line) => [line, skippedSince.get(line) ?? now()]),
        );
        for (const [line, start] of skippedSince) {
          if (now() - start < warnAfterMs) continue;
          onWarning(line);
          skippedSince.set(line, Number.POSITIVE_INFINITY);
        }
      });
    },
    remove: () => guarded(() => void removeSpec(files, plan, token)),
  };
}
