/**
 * The second process of `vfio-names probe`: makes the calls that may never return, so that the first one always can.
 * Takes requests from a pipe and ends with it.
 */
import { VfioNamesError } from './errors.ts';
import type { ProbeRequest } from './probe/request.ts';
import { runProbe } from './probe/run.ts';
import { announced } from './system/calls.ts';
import { loadLibc } from './system/libc.ts';
import { servePeer } from './system/peer-loop.ts';

loadLibc().then(
  (calls) => servePeer((request, announce) => runProbe(announced(calls, announce), request as ProbeRequest)),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    // Both sides know this word: the first process turns it into the same error.
    const code = error instanceof VfioNamesError ? error.code : 'error';
    servePeer(() => ({ refused: code, message }));
  },
);
