/** Tells a running udev about new rules. Knows nothing of what they say. */
import { execFileSync } from 'node:child_process';
import { attempt, errnoOf } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';

/** Runs a program without a shell; throws where it fails. */
export type Exec = (program: string, words: readonly string[]) => void;

export const execFile: Exec = (program, words) => {
  execFileSync(program, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
};

/** Whether udev runs on the machine itself: never below another root. */
export function udevRuns(files: Files, root: Root): boolean {
  return root === '' && attempt(() => files.stat('/run/udev/control'), 'ENOENT', 'ENOTDIR') !== undefined;
}

/**
 * Reads the rules anew and applies them to the devices that are there: `change` runs all rules but those of a first
 * appearance, and takes away links that no rule makes any longer. Gives one line for each call that failed.
 */
export function applyRules(exec: Exec): string[] {
  const calls = [
    ['control', '--reload'],
    ['trigger', '--subsystem-match=vfio-dev', '--action=change'],
    ['trigger', '--subsystem-match=misc', '--sysname-match=iommu', '--action=change'],
  ];
  return calls.flatMap((words) => {
    try {
      exec('udevadm', words);
      return [];
    } catch (error) {
      const why = errnoOf(error) ?? `status ${(error as { status?: unknown }).status ?? 'unknown'}`;
      return [`udevadm ${words.join(' ')} failed: ${why}; run it by hand, as root`];
    }
  });
}
