/** Finds the program of the second process, built or as source. */
import { existsSync } from 'node:fs';
import { execArgv, execPath } from 'node:process';
import type { WorkerCommand } from '../system/peer.ts';

/**
 * Returns the command line of the second process. `directory` contains the running program: `dist`, or a
 * source folder.
 */
export function peerCommand(directory: string = import.meta.dirname): WorkerCommand {
  const built = `${directory}/caller.cjs`;
  // Pass on our own options (--jitless, --import=tsx), except the debugger's: two processes cannot share its
  // port.
  const options = execArgv.filter((option) => !option.startsWith('--inspect'));
  return { file: execPath, args: [...options, existsSync(built) ? built : `${directory}/../caller.ts`] };
}
