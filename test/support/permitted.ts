/** What this process may do here; tests that need it are skipped by name where it may not. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Whether unshare(1) with these options runs a program: not in every container, and in a chroot not with a new /proc. */
export function canUnshare(...options: readonly string[]): boolean {
  return spawnSync('unshare', [...options, 'true']).status === 0;
}

/** Whether other users can read the checkout: not below root's home directory. */
export function isCheckoutReadable(): boolean {
  for (let path = resolve(import.meta.dirname, '../..'); ; path = dirname(path)) {
    if ((fs.statSync(path).mode & 0o005) !== 0o005) return false;
    if (path === '/') return true;
  }
}
