/** Reports on stderr what a scan could not read; the rest of the output is complete. */
import type { Problem } from '../devices/device.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './command.ts';

export function reportProblems(io: Io, problems: readonly Problem[]): void {
  for (const problem of problems) io.err(`vfio-names: ${printable(problem.path)}: ${problem.message}`);
}
