/** Applies or shows the change that `rules install` or `rules uninstall` planned, and reports the result. */
import { type ExitStatus, exitStatus } from '../errors.ts';
import { unifiedDiff } from '../rules/diff.ts';
import { applyRulesChange, type RulesChange } from '../rules/install.ts';
import { isUdevRunning, type RunProgram, reloadUdev, runProgram } from '../rules/udev-control.ts';
import { nodeFiles } from '../system/node-files.ts';
import type { Invocation, Io } from './command.ts';
import { jsonDocument } from './json.ts';
import { runToken } from './run-token.ts';

/** Makes the planned change, or with --dry-run prints it as a diff. Returns status 1 if udev could not apply it. */
export function installRules(
  planned: RulesChange,
  { root, flags, json }: Invocation,
  io: Io,
  exec: RunProgram = runProgram,
): ExitStatus {
  const files = io.files ?? nodeFiles;
  const dryRun = flags['dry-run'] === true;
  const changed = planned.before !== planned.after;
  const live = isUdevRunning(files, root);
  if (!dryRun) applyRulesChange(files, root, planned, runToken());
  const failures = !dryRun && changed && live ? reloadUdev(exec) : [];
  for (const failure of failures) io.err(`vfio-names: ${failure}`);
  const applied = !dryRun && changed && live && failures.length === 0;
  const diff = diffOf(planned);
  if (json) io.out(jsonDocument({ file: planned.path, changed, dryRun, applied, diff }));
  else if (dryRun) io.out(diff === '' ? `nothing to change: ${planned.path}\n` : diff);
  else io.out(`${summary(planned, changed, applied)}\n`);
  return failures.length > 0 ? exitStatus.findings : exitStatus.ok;
}

function diffOf({ path, before, after }: RulesChange): string {
  const name = (text: string | undefined): string => (text === undefined ? '/dev/null' : path);
  return unifiedDiff({ name: name(before), text: before ?? '' }, { name: name(after), text: after ?? '' });
}

function summary({ path, after }: RulesChange, changed: boolean, applied: boolean): string {
  if (!changed) return after === undefined ? `nothing to remove: ${path}` : `already up to date: ${path}`;
  const udev = applied ? ', and udev applied the change' : '';
  return `${after === undefined ? 'removed' : 'wrote'} ${path}${udev}`;
}
