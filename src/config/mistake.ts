/** Errors and warnings of a policy, and their one-line format. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import type { SourceLocation } from './policy.ts';

/** One error or warning. */
export interface Diagnostic {
  readonly source: SourceLocation;
  /** `link.match.vendor`; empty for an error about the whole file. */
  readonly key: string;
  /** What was expected and what was found, with the nearest valid word; printable. */
  readonly message: string;
}

/** Formats an error: `/etc/vfio-names/10-gpu.toml:4: link.match.vendor: expected ..., found ...`. */
export function formatDiagnostic(mistake: Diagnostic): string {
  const { source, key, message } = mistake;
  return `${printable(source.file)}:${source.line}: ${key === '' ? '' : `${printable(key)}: `}${message}`;
}

/** Sorts by the order in which the files are read, then by line. */
export function sortDiagnostics(mistakes: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  return [...mistakes].sort(
    (a, b) => files.indexOf(a.source.file) - files.indexOf(b.source.file) || a.source.line - b.source.line,
  );
}

/** Returns the VfioNamesError `policy` (status 2) for sorted errors: the first one, and the number of the others. */
export function policyError(mistakes: readonly Diagnostic[]): VfioNamesError {
  const [first] = mistakes;
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more; see config check)` : '';
  const line = first === undefined ? 'bad policy' : formatDiagnostic(first);
  return new VfioNamesError(
    'policy',
    exitStatus.usage,
    `${line}${more}`,
    first && { path: first.source.file },
  );
}
