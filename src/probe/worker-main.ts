/**
 * Helper process of `vfio-names probe`: makes the system calls that may block forever, so that the main process never
 * blocks. Reads requests from a pipe and exits when the pipe is closed.
 */
import { VfioNamesError } from '../errors.ts';
import { announceCalls } from '../system/calls.ts';
import { loadCalls } from '../system/node/libc.ts';
import { standardPipe } from '../system/node/worker-process.ts';
import { serveRequests } from '../system/worker-protocol.ts';
import type { ProbeRequest } from './protocol.ts';
import { runProbe } from './worker.ts';

loadCalls().then(
  (calls) =>
    serveRequests(
      (request, announce) => runProbe(announceCalls(calls, announce), request as ProbeRequest),
      standardPipe,
    ),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    // The main process makes the same error of the code, the message and the hint.
    const { code, hint } = error instanceof VfioNamesError ? error : { code: 'error' };
    serveRequests(() => ({ refused: code, message, hint }), standardPipe);
  },
);
