/**
 * vfio_id on Node, the fallback for the native program. Run it with --jitless in udevd's sandbox
 * (MemoryDenyWriteExecute=).
 */
import { writeSync } from 'node:fs';
import { nodeFiles } from '../system/node/files.ts';
import { version } from '../version.ts';
import { vfioId } from './vfio-id.ts';

const { status, out, err } = vfioId(
  { argv: process.argv.slice(2), env: process.env },
  {
    files: nodeFiles,
    root: '',
    version,
    token: `${process.pid}-${process.hrtime.bigint().toString(36)}`,
  },
);
try {
  if (out !== '') writeSync(1, out);
  if (err !== '') writeSync(2, `${err}\n`);
} catch {
  // The reader closed the pipe.
}
process.exitCode = status;
