/** `rules check`: checks whether the rules that udev reads match the policy. */

import { readDriverAliases } from '../../bind/driver-alias.ts';
import { type BindEffect, describeEffect, findBindEffects } from '../../bind/effects.ts';
import { type ExitStatus, exitStatus, VfioNamesError, withHint } from '../../errors.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import type { System } from '../../system/system.ts';
import { printable } from '../../text/printable.ts';
import { unifiedDiff } from '../../udev/diff.ts';
import type { LinkMode } from '../../udev/helper-call.ts';
import { applyRulesChange, planRulesChange, type RulesChange } from '../../udev/install.ts';
import {
  bindRulesFileName,
  checkBindRules,
  checkRules,
  findRules,
  type RulesFile,
  type RulesStatus,
} from '../../udev/installed-rules.ts';
import { type RuleTarget, renderBindRules, renderRules } from '../../udev/render.ts';
import { isUdevRunning, reloadUdev } from '../../udev/udevadm.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyOption } from '../context.ts';
import { jsonDocument } from '../json.ts';
import { formatMessage } from '../output.ts';

export const runRulesCheck: RunCommand = async (invocation, io, system) => {
  const { root, json } = invocation;
  const files = system.files;
  const policy = await loadPolicyOption(invocation, system);
  // People get a path that they can open; in a document, paths are those of the machine below the root.
  const find = (fileName?: string): RulesFile | undefined => {
    const found = findRules(files, root, fileName);
    return json || !found ? found : { ...found, path: pathBelow(root, found.path) };
  };
  const names = checkRules(find(), renderRules('udev', policy));
  const bindText = renderBindRules(policy, readDriverAliases(files, root, policy));
  const bind = checkBindRules(find(bindRulesFileName), bindText);
  const upToDate = names.upToDate && bind?.upToDate !== false;
  const document = (status: RulesStatus) => ({
    file: status.file,
    rulesState: status.rulesState,
    message: withHint(status),
  });
  if (json)
    io.out(
      jsonDocument({
        upToDate,
        ...document(names),
        ...(bind && { bind: { upToDate: bind.upToDate, ...document(bind) } }),
      }),
    );
  else for (const status of [names, ...(bind ? [bind] : [])]) io.out(`${formatMessage(withHint(status))}\n`);
  return upToDate ? exitStatus.ok : exitStatus.findings;
};

/**
 * Makes the planned changes, or with --dry-run prints them as a diff: of the rules for names, and then of those for drivers, if
 * there are any. Returns status 1 if udev could not apply them.
 */
export function installRules(
  planned: readonly [names: RulesChange, ...others: RulesChange[]],
  { root, flags, json }: Invocation,
  io: Io,
  system: System,
): ExitStatus {
  const files = system.files;
  const dryRun = flags['dry-run'] === true;
  const isChanged = ({ before, after }: RulesChange): boolean => before !== after;
  const live = isUdevRunning(files, root);
  if (!dryRun) for (const change of planned) applyRulesChange(files, root, change, system.process.token());
  const reloads = !dryRun && live && planned.some(isChanged);
  const failures = reloads ? reloadUdev(system.programs.run) : [];
  for (const failure of failures) io.err(`vfio-names: ${failure}`);
  const applied = reloads && failures.length === 0;
  const [names, ...others] = planned;
  const document = (change: RulesChange) => ({
    file: change.path,
    changed: isChanged(change),
    diff: diffOf(change),
  });
  if (json) {
    const bind = others.find(({ before, after }) => before !== undefined || after !== undefined);
    io.out(jsonDocument({ ...document(names), dryRun, applied, ...(bind && { bind: document(bind) }) }));
  } else
    for (const change of planned) {
      if (change !== names && change.before === undefined && change.after === undefined) continue;
      const diff = diffOf(change);
      const path = printable(pathBelow(root, change.path));
      if (dryRun) io.out(diff === '' ? `nothing to change: ${path}\n` : diff);
      else io.out(`${summary(change, path, applied)}\n`);
    }
  return failures.length > 0 ? exitStatus.findings : exitStatus.ok;
}

function diffOf({ path, before, after }: RulesChange): string {
  const name = (text: string | undefined): string => (text === undefined ? '/dev/null' : path);
  return unifiedDiff({ name: name(before), text: before ?? '' }, { name: name(after), text: after ?? '' });
}

function summary({ path: file, before, after }: RulesChange, path: string, applied: boolean): string {
  if (before === after)
    return after === undefined ? `nothing to remove: ${path}` : `already up to date: ${path}`;
  // udev has no `add` event of a device that is already there.
  const isBind = file.endsWith(`/${bindRulesFileName}`) && after !== undefined;
  const udev = isBind
    ? '; devices get their drivers at the next boot; vfio-names bind gives them to devices without a driver now'
    : applied
      ? ', and udev applied the change'
      : '';
  return `${after === undefined ? 'removed' : 'wrote'} ${path}${udev}`;
}

/** The changes to both files of rules; a text that is `undefined` removes its file. */
function planChanges(
  { files }: System,
  root: Root,
  names: string | undefined,
  bind: string | undefined,
): readonly [RulesChange, ...RulesChange[]] {
  return [planRulesChange(files, root, names), planRulesChange(files, root, bind, bindRulesFileName)];
}

export const runRulesInstall: RunCommand = async (invocation, io, system) => {
  const { root, flags } = invocation;
  const { files } = system;
  const policy = await loadPolicyOption(invocation, system);
  const aliases = readDriverAliases(files, root, policy);
  const names = renderRules('udev', policy);
  const bind = renderBindRules(policy, aliases);
  await system.loadExchange();
  const planned = planChanges(system, root, names, bind);
  if (planned.slice(1).some(({ before, after }) => before !== after && after !== undefined)) {
    const effects = findBindEffects(files, root, policy, aliases);
    reportEffects(effects, io);
    if (flags['dry-run'] !== true) confirmEffects(effects, invocation, io, system);
  }
  return installRules(planned, invocation, io, system);
};

/** Prints one line on stderr for each device that gets another driver. */
function reportEffects(effects: readonly BindEffect[], io: Io): void {
  for (const effect of effects) {
    const { file, line } = effect.source;
    io.err(`vfio-names: ${printable(`${file}:${line} ${describeEffect(effect)}`)}`);
  }
}

/** Asks before a device that the host uses gets another driver at the next boot; --yes is the answer. Throws without one. */
function confirmEffects(
  effects: readonly BindEffect[],
  { flags }: Invocation,
  io: Io,
  { process }: System,
): void {
  const used = effects.filter(({ uses }) => uses.length > 0).map(({ device }) => printable(device.name));
  if (used.length === 0 || flags['yes'] === true) return;
  const subject = `${used.slice(0, 3).join(', ')}${used.length > 3 ? ` and ${used.length - 3} more` : ''}`;
  if (!io.stdinIsTty)
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `the host uses ${subject} now, and would not have ${used.length === 1 ? 'it' : 'them'} after the next boot`,
      { hint: 'add --yes if that is right; nothing was changed' },
    );
  const answer = process.ask(
    `The host uses ${subject} now, and could not after the next boot. Continue? [y/N] `,
  );
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new VfioNamesError('aborted', exitStatus.usage, 'nothing was changed, since you did not agree');
}

export const runRulesRender: RunCommand = async (invocation, io, system) => {
  const { root, flags, values, json } = invocation;
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
  const bind = flags['bind'] === true;
  if (bind && (target !== 'udev' || values['via'] !== undefined))
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      'expected --bind alone, found it with --target or --via',
      {
        hint: 'only udev has rules for drivers',
      },
    );
  const text = bind
    ? (renderBindRules(policy, readDriverAliases(system.files, root, policy)) ?? '')
    : renderRules(target, policy, undefined, via);
  io.out(json ? jsonDocument({ manager: target, text }) : text);
  return exitStatus.ok;
};

export const runRulesUninstall: RunCommand = (invocation, io, system) =>
  installRules(planChanges(system, invocation.root, undefined, undefined), invocation, io, system);
