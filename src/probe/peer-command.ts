/** Where the second process's program is: beside this one, built or as source. */
import { existsSync } from 'node:fs';
import { execArgv, execPath } from 'node:process';
import type { PeerCommand } from '../system/peer.ts';

/** `directory` is where the running program lies: `dist`, or a folder of the source. */
export function callerCommand(directory: string = import.meta.dirname): PeerCommand {
  const built = `${directory}/caller.cjs`;
  // The same options as ours (--jitless, --import=tsx), but a debugger is attached to one process only.
  const options = execArgv.filter((option) => !option.startsWith('--inspect'));
  return { file: execPath, args: [...options, existsSync(built) ? built : `${directory}/../caller.ts`] };
}
