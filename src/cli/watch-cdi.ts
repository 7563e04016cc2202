/** The CDI file beside the service: what of it is told, and when. Knows no events; integrations/cdi-keep.ts does the work. */
import { errnoOf, ioError, VfioNamesError } from '../errors.ts';
import { type CdiPlan, concernsNodes, dropSpec, keepSpec } from '../integrations/cdi-keep.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { printable } from '../text/printable.ts';
import type { Hints, Reason } from '../watch/loop.ts';
import type { WatchEvent } from '../watch/report.ts';

export interface CdiKeeper {
  /** Ahead of everything else in each pass: a device that goes leaves the file first. */
  readonly keep: (hints: Hints, why: Reason) => void;
  readonly end: () => void;
}

export interface CdiTelling {
  readonly tell: (event: WatchEvent, why: Reason) => void;
  /** One line, printable: trouble of the file itself. */
  readonly fault: (message: string) => void;
  /** One line, printable: a device that is not in the file. */
  readonly warn: (message: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A device that is just leaving is left out for a moment; what lasts so many milliseconds is worth a line. */
export const lasting = 1000;

export function cdiKeeper(
  files: Files,
  root: Root,
  plan: CdiPlan,
  token: string,
  { tell, fault, warn, now }: CdiTelling,
): CdiKeeper {
  let broken = '';
  /** Why devices are left out, and since when; Infinity when it was told. */
  let since = new Map<string, number>();
  const guarded = (act: () => void): void => {
    try {
      act();
      broken = '';
    } catch (error) {
      if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
      const { message } = ioError(error, 'keep the CDI specification', printable(plan.path));
      if (message !== broken) fault(message);
      broken = message;
    }
  };
  return {
    keep: ({ places }, why) => {
      if (!concernsNodes(places)) return;
      guarded(() => {
        const { done, leftOut } = keepSpec(files, root, plan, token);
        if (done === 'written') tell({ event: 'cdi', reason: 'written', path: plan.path }, why);
        if (done === 'removed') tell({ event: 'cdi', reason: 'gone', path: plan.path }, why);
        since = new Map(leftOut.map((line) => [line, since.get(line) ?? now()]));
        for (const [line, start] of since) {
          if (now() - start < lasting) continue;
          warn(line);
          since.set(line, Number.POSITIVE_INFINITY);
        }
      });
    },
    end: () => guarded(() => void dropSpec(files, plan, token)),
  };
}
