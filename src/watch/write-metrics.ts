/** Writes the metrics file atomically. */
import * as fs from 'node:fs';

/**
 * Writes a temporary file next to `path` and renames it, so that the collector never reads an incomplete file. The temporary
 * name does not end with `.prom`, so the collector ignores it. Throws the errno of the failed call and removes the temporary file.
 */
export function writeMetrics(path: string, text: string, token: string): void {
  const temporary = `${path}.${token}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    try {
      fs.writeFileSync(fd, text);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}
