/** Data that other projects made, which is not part of this repository; the tests that need it are skipped without it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const top = process.env['VFIO_NAMES_DATA'] ?? join(import.meta.dirname, '../../../shared/data');

/** The path of a file or directory among that data; `undefined` if it is not here. */
export function otherData(path: string): string | undefined {
  const found = join(top, path);
  return existsSync(found) ? found : undefined;
}
