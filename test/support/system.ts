/** The machine of a test. */

import { systemFilesBelow } from '../../src/system/files-below.ts';
import { loadOpenBeneath } from '../../src/system/node/libc.ts';
import { nodeSystem } from '../../src/system/node/system.ts';
import type { Process } from '../../src/system/process.ts';
import type { Programs } from '../../src/system/programs.ts';
import type { System } from '../../src/system/system.ts';
import { fakeFiles } from './fake-root.ts';

export interface SystemParts extends Partial<Omit<System, 'process' | 'programs'>> {
  readonly process?: Partial<Process>;
  readonly programs?: Partial<Programs>;
}

/** Node's, with fakeFiles, an empty environment and no signals, except for the given parts. */
export function testSystem({ process, programs, ...parts }: SystemParts = {}): System {
  return {
    ...nodeSystem,
    files: fakeFiles,
    // Files of a test's own see the paths as the commands use them.
    filesBelow: async (root) => parts.files ?? systemFilesBelow(fakeFiles, root, await loadOpenBeneath()),
    ...parts,
    process: { ...nodeSystem.process, env: {}, handleSignals: () => () => {}, ...process },
    programs: { ...nodeSystem.programs, ...programs },
  };
}
