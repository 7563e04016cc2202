/** Writes or removes a CDI specification file. Refuses to change a file of another kind. */

import type { SystemFiles } from '../system/files.ts';
import { type WriteOutcome, writeGenerated } from '../system/generated-file.ts';
import { printable } from '../text/printable.ts';

/**
 * Writes `text`, a specification of this `kind`, to `path`; removes the file if `text` is `undefined`. A file that is not newer
 * than `newestNode` is written again, even if its text is right: see selectDevices(). Throws the same errors as `writeGenerated`.
 */
export function writeSpec(
  files: SystemFiles,
  path: string,
  kind: string,
  text: string | undefined,
  token: string,
  newestNode: number,
): WriteOutcome {
  const file = {
    path,
    description: 'CDI specification',
    expected: `a CDI specification of the kind ${printable(kind)}`,
    isGenerated: (found: string): boolean => kindOf(found) === kind,
    newerThan: newestNode,
  };
  return writeGenerated(files, file, text, token);
}

function kindOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { kind?: unknown } | undefined)?.kind;
  } catch {
    return undefined;
  }
}
