/** The error for a command line that cannot be understood: one line, with the nearest right word and where to read. Pure. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { Command } from './command.ts';

/** VfioNamesError `usage` (status 2). `message` reads "expected ..., found ..."; `near` is what was meant, maybe. */
export function usageError(message: string, near?: string, command?: Command): VfioNamesError {
  const help = `vfio-names ${command ? `${command.name} ` : ''}--help`;
  const advice = near !== undefined ? `did you mean ${near}? See ${help}` : `see ${help}`;
  return new VfioNamesError('usage', exitStatus.usage, `${message}; ${advice}`);
}
