import { execFileSync } from 'node:child_process';

/** Whether a program is installed; prints a line if it is not, since its rows are missing then. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
    return true;
  } catch {
    console.log(`${program}: not measured, it is not installed`);
    return false;
  }
}
