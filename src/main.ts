/** Entry point of the program on Node: its arguments, streams and exit status. */
import { isatty } from 'node:tty';
import { reportFault, runProgram, type Streams } from './cli/program.ts';
import { nonblockingWrite, writeWaiting } from './system/node/stdio.ts';
import { nodeSystem } from './system/node/system.ts';
import { escapeControls } from './text/printable.ts';

const streams: Streams = {
  writeWaiting,
  nonblockingWrite: (fd) =>
    nonblockingWrite(fd, async (number, isSocket) =>
      (await import('./system/node/libc.ts')).loadTryWrite(number, isSocket),
    ),
  isTty: isatty,
  columns: () => (isatty(1) ? process.stdout.columns : undefined),
};

runProgram(process.argv.slice(2), streams, nodeSystem).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const text = (error instanceof Error && error.stack) || String(error);
    const lines = text.split('\n').map(escapeControls);
    reportFault(streams, lines.join('\n'));
    process.exitCode = 1;
  },
);
