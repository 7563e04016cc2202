/** Entry point of the native program: its arguments, streams and exit status, and the processes that it starts from itself. */
import * as std from 'qjs:std';
import * as syscalls from 'qjs:syscalls';
import { reportFault, runProgram, type Streams } from './cli/program.ts';
import { exitStatus } from './errors.ts';
import type { ProbeRequest } from './probe/protocol.ts';
import { runProbe } from './probe/worker.ts';
import { announceCalls } from './system/calls.ts';
import { installGlobals } from './system/quickjs/abort.ts';
import { setFaultHandler } from './system/quickjs/guard.ts';
import { deviceCalls, openerName, serveOpen } from './system/quickjs/nodes.ts';
import { standardPipe, workerName } from './system/quickjs/programs.ts';
import { processArguments } from './system/quickjs/self.ts';
import {
  nonblockingWrite,
  openMissingStreams,
  terminalColumns,
  writeWaiting,
} from './system/quickjs/stdio.ts';
import { quickjsSystem } from './system/quickjs/system.ts';
import { serveRequests } from './system/worker-protocol.ts';
import { escapeControls } from './text/printable.ts';

const streams: Streams = {
  writeWaiting,
  nonblockingWrite,
  isTty: syscalls.isatty,
  columns: () => terminalColumns(1),
};

function endWithFault(error: unknown): never {
  // The build removes the names and lines of functions, so a stack would be of no use.
  // QuickJS throws `null` if not even the error fits into the memory.
  if (!(error instanceof Error) || error.message === 'out of memory')
    writeWaiting(2, 'vfio-names: out of memory\n');
  else reportFault(streams, escapeControls(`${error.name}: ${error.message}`));
  std.exit(exitStatus.findings);
}

setFaultHandler(endWithFault);
openMissingStreams();
// A closed stdout is an error of write(2), as on Node.
syscalls.ignoreSignal(syscalls.SIGPIPE, true);

if (scriptArgs[0] === workerName) {
  serveRequests(
    (request, announce) => runProbe(announceCalls(deviceCalls, announce), request as ProbeRequest),
    standardPipe,
  );
  std.exit(exitStatus.ok);
} else if (scriptArgs[0] === openerName) {
  serveOpen();
  std.exit(exitStatus.ok);
} else {
  installGlobals();
  runProgram(processArguments(), streams, quickjsSystem).then((status) => std.exit(status), endWithFault);
}
