/** What is wrong with a policy, and how it is told in one line. Pure. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import type { Source } from './policy.ts';

/** One mistake, or one warning. */
export interface Mistake {
  readonly source: Source;
  /** `link.match.vendor`; empty where it is about the whole file. */
  readonly key: string;
  /** What was expected and found, and the nearest right word; printable. */
  readonly message: string;
}

/** `/etc/vfio-names/10-gpu.toml:4: link.match.vendor: expected ..., found ...` */
export function mistakeLine(mistake: Mistake): string {
  const { source, key, message } = mistake;
  return `${printable(source.file)}:${source.line}: ${key === '' ? '' : `${printable(key)}: `}${message}`;
}

/** By the order in which the files are read, then by line. */
export function sortMistakes(mistakes: readonly Mistake[], files: readonly string[]): Mistake[] {
  return [...mistakes].sort(
    (a, b) => files.indexOf(a.source.file) - files.indexOf(b.source.file) || a.source.line - b.source.line,
  );
}

/** The error for a policy with mistakes, sorted: the first, and how many more there are. */
export function policyError(mistakes: readonly Mistake[]): VfioNamesError {
  const [first] = mistakes;
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more; see config check)` : '';
  const line = first === undefined ? 'bad policy' : mistakeLine(first);
  return new VfioNamesError(
    'policy',
    exitStatus.usage,
    `${line}${more}`,
    first && { path: first.source.file },
  );
}
