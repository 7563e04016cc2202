/** `config check`: reports every error and warning of a policy, one line each on stderr. */

import { readAccounts } from '../../devices/accounts.ts';
import { readFacts } from '../../devices/facts.ts';
import { scanDevices } from '../../devices/scan.ts';
import { exitStatus } from '../../errors.ts';
import { groupAccessProblems } from '../../policy/access.ts';
import { accountErrors, formatDiagnostic, policyError } from '../../policy/diagnostics.ts';
import { formatPolicy } from '../../policy/format.ts';
import { policyFacts } from '../../policy/links.ts';
import { buildTexts, readPolicyTexts } from '../../policy/load.ts';
import schema from '../../policy/policy.schema.json' with { type: 'json' };
import { defaultPolicy, type Policy } from '../../policy/policy.ts';
import type { Files } from '../../system/files.ts';
import type { Root } from '../../system/root-path.ts';
import { jsonText, printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { RunCommand } from '../command.ts';
import { diagnosticJson, jsonDocument } from '../json.ts';

export const runConfigCheck: RunCommand = async (invocation, io, system) => {
  const files = system.files;
  const texts = readPolicyTexts(files, invocation.root, invocation.operands);
  const built = texts.length === 0 ? undefined : await buildTexts(texts);
  const policy = built?.policy;
  const errors = [
    ...(built?.errors ?? []),
    ...(policy ? accountErrors(policy, readAccounts(files, invocation.root)) : []),
  ];
  const warnings = built?.warnings ?? [];
  const siblingWarnings =
    policy && errors.length === 0 ? readSiblingWarnings(files, invocation.root, policy) : [];
  const status = errors.length === 0 ? exitStatus.ok : exitStatus.usage;
  if (invocation.json) {
    const allWarnings = [...warnings.map(diagnosticJson), ...siblingWarnings.map((message) => ({ message }))];
    io.out(
      jsonDocument({
        files: texts.map(({ file }) => file),
        errors: errors.map(diagnosticJson),
        warnings: allWarnings,
      }),
    );
    return status;
  }
  for (const error of errors) io.err(`vfio-names: ${formatDiagnostic(error)}`);
  for (const warning of warnings) io.err(`vfio-names: warning: ${formatDiagnostic(warning)}`);
  for (const warning of siblingWarnings) io.err(`vfio-names: warning: ${printable(warning)}`);
  if (status !== exitStatus.ok) return status;
  if (!policy) io.out('no policy file; the names of scheme 1 hold\n');
  else {
    const rules = `${plural(policy.linkRules.length, 'name rule')}, ${plural(policy.accessRules.length, 'access rule')}`;
    io.out(`${plural(texts.length, 'policy file')} fine: ${rules}\n`);
  }
  return status;
};

/** Warnings that depend on the devices of this machine; empty if the policy has no access rules. */
function readSiblingWarnings(files: Files, root: Root, policy: Policy): string[] {
  if (policy.accessRules.length === 0) return [];
  const factNames = policyFacts(policy).add('group');
  const facts = scanDevices(files, root).devices.map((device) => readFacts(files, root, device, factNames));
  return groupAccessProblems(policy, facts);
}

export const runConfigSchema: RunCommand = (_invocation, io) => {
  io.out(`${jsonText(schema, 2)}\n`);
  return exitStatus.ok;
};

export const runConfigShow: RunCommand = async (invocation, io, system) => {
  const file = invocation.values['policy'];
  const texts = readPolicyTexts(system.files, invocation.root, file === undefined ? [] : [file]);
  const { policy, settings, errors } =
    texts.length === 0 ? { policy: defaultPolicy, settings: [], errors: [] } : await buildTexts(texts);
  if (errors.length > 0) throw policyError(errors);
  const files = texts.map((text) => text.file);
  io.out(invocation.json ? jsonDocument({ files, settings, policy }) : formatPolicy({ policy, settings }));
  return exitStatus.ok;
};
