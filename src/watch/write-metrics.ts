/** Puts the figures into their file, whole or not at all. Knows nothing of what they say. */
import * as fs from 'node:fs';

/**
 * Writes beside `path` and renames, so that a collector never reads half a file; without `.prom` at its end, the
 * temporary name is none that it reads. Fails with the errno of the call that failed and leaves nothing behind.
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
