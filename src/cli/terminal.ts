/** The terminal that stdout is. */
import type { Environment } from '../system/process.ts';
import type { Io } from './command.ts';

/**
 * The width of the terminal in characters: COLUMNS, or what the terminal says. `undefined` if stdout is not a terminal: text
 * for a file or a program is not shortened.
 */
export function terminalColumns(
  io: Pick<Io, 'stdoutIsTty' | 'columns'>,
  env: Environment,
): number | undefined {
  if (!io.stdoutIsTty) return undefined;
  const given = Number(/^\d{1,5}$/.exec(env['COLUMNS'] ?? '')?.[0] ?? 0);
  const columns = given > 0 ? given : (io.columns?.() ?? 0);
  // A terminal that does not know its size, such as a serial console, says 0.
  return columns > 0 ? columns : undefined;
}
