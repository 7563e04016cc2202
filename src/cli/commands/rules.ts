/** `rules check`: checks whether the rules that udev reads match the policy. */

import { type ExitStatus, exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import { unifiedDiff } from '../../udev/diff.ts';
import type { LinkMode } from '../../udev/helper-call.ts';
import { applyRulesChange, planRulesChange, type RulesChange } from '../../udev/install.ts';
import { checkRules, findRules } from '../../udev/installed-rules.ts';
import { type RuleTarget, renderRules } from '../../udev/render.ts';
import { isUdevRunning, reloadUdev } from '../../udev/udevadm.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyOption } from '../context.ts';
import { jsonDocument } from '../json.ts';
import { formatMessage } from '../output.ts';

export const runRulesCheck: RunCommand = async (invocation, io, system) => {
  const { root, json } = invocation;
  const files = system.files;
  const expected = renderRules('udev', await loadPolicyOption(invocation, system));
  const verdict = checkRules(findRules(files, root), expected);
  const { upToDate, file, rulesState } = verdict;
  const message = withHint(verdict);
  io.out(json ? jsonDocument({ upToDate, file, rulesState, message }) : `${formatMessage(message)}\n`);
  return upToDate ? exitStatus.ok : exitStatus.findings;
};

/** Makes the planned change, or with --dry-run prints it as a diff. Returns status 1 if udev could not apply it. */
export function installRules(
  planned: RulesChange,
  { root, flags, json }: Invocation,
  io: Io,
  system: System,
): ExitStatus {
  const files = system.files;
  const dryRun = flags['dry-run'] === true;
  const changed = planned.before !== planned.after;
  const live = isUdevRunning(files, root);
  if (!dryRun) applyRulesChange(files, root, planned, system.process.token());
  const failures = !dryRun && changed && live ? reloadUdev(system.programs.run) : [];
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

export const runRulesInstall: RunCommand = async (invocation, io, system) => {
  const files = system.files;
  const text = renderRules('udev', await loadPolicyOption(invocation, system));
  await system.loadExchange();
  return installRules(planRulesChange(files, invocation.root, text), invocation, io, system);
};

export const runRulesRender: RunCommand = async (invocation, io, system) => {
  const { values, json } = invocation;
  const policy = await loadPolicyOption(invocation, system);
  const target = (values['target'] ?? 'udev') as RuleTarget;
  const via = (values['via'] ?? 'native') as LinkMode;
  if (target !== 'udev' && values['via'] !== undefined)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected --via with the rules of udev alone, found --target ${target}`,
      { hint: 'leave it out' },
    );
  const text = renderRules(target, policy, undefined, via);
  io.out(json ? jsonDocument({ manager: target, text }) : text);
  return exitStatus.ok;
};

export const runRulesUninstall: RunCommand = (invocation, io, system) =>
  installRules(planRulesChange(system.files, invocation.root, undefined), invocation, io, system);
