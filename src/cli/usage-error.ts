/** The error for an invalid command line. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { Command } from './command.ts';

/** VfioNamesError `usage` (status 2), one line. `message` reads "expected ..., found ..."; `near` is a suggestion; the line ends with the --help command of `command`. */
export function usageError(message: string, near?: string, command?: Command): VfioNamesError {
  const help = `vfio-names ${command ? `${command.name} ` : ''}--help`;
  const advice = near !== undefined ? `did you mean ${near}? See ${help}` : `see ${help}`;
  return new VfioNamesError('usage', exitStatus.usage, `${message}; ${advice}`);
}
