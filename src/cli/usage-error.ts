/** The error of a command line. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { Command } from './command.ts';

/** VfioNamesError `usage` (status 2). `message` reads "expected ..., found ..."; the hint has the suggestion `near` and the --help command of `command`. */
export function usageError(message: string, near?: string, command?: Pick<Command, 'name'>): VfioNamesError {
  const help = `vfio-names ${command ? `${command.name} ` : ''}--help`;
  const hint = near !== undefined ? `did you mean ${near}? See ${help}` : `see ${help}`;
  return new VfioNamesError('usage', exitStatus.usage, message, { hint });
}
