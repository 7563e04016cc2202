/** Queries a question on the controlling terminal, even if stdin and stdout are redirected. */
import * as fs from 'node:fs';

/**
 * Returns the line that the user typed, without its newline; an empty string if there is no terminal or it
 * was closed.
 */
export function askTerminal(question: string, terminal = '/dev/tty'): string {
  let fd: number;
  try {
    fd = fs.openSync(terminal, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
  } catch {
    return '';
  }
  try {
    fs.writeSync(fd, question);
    const line = Buffer.alloc(256);
    return line.toString('utf8', 0, fs.readSync(fd, line)).replace(/\n[\s\S]*$/, '');
  } finally {
    fs.closeSync(fd);
  }
}
