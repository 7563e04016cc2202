/** Writes or removes a CDI specification file. Refuses to change a file of another kind. */
import type { Files } from '../system/files.ts';
import { printable } from '../text/printable.ts';
import { type Done, putOwn } from './own-file.ts';

export type { Done };

/**
 * Writes `text`, a specification of this `kind`, to `path`; removes the file if `text` is `undefined`. Throws the same
 * errors as `putOwn`.
 */
export function putSpec(
  files: Files,
  path: string,
  kind: string,
  text: string | undefined,
  token: string,
): Done {
  const file = {
    path,
    what: 'CDI specification',
    ours: `a CDI specification of the kind ${printable(kind)}`,
    isOurs: (found: string): boolean => kindOf(found) === kind,
  };
  return putOwn(files, file, text, token);
}

function kindOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { kind?: unknown } | undefined)?.kind;
  } catch {
    return undefined;
  }
}
