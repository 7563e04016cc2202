/** `config check`: reports every error and warning of a policy, one line each on stderr. */

import { checkBindPolicy } from '../../bind/check.ts';
import { readDriverAliases } from '../../bind/driver-alias.ts';
import { readAccounts } from '../../devices/accounts.ts';
import { readFacts } from '../../devices/facts.ts';
import { scanDevices } from '../../devices/scan.ts';
import { exitStatus } from '../../errors.ts';
import { groupAccessProblems } from '../../policy/access.ts';
import { countFits, fitMessage, isUnfit, type RuleFit } from '../../policy/devices-here.ts';
import {
  accountErrors,
  accountWarnings,
  type Diagnostic,
  formatDiagnostic,
  formatExcerpt,
  policyError,
  sortDiagnostics,
} from '../../policy/diagnostics.ts';
import { ignoredPolicyFiles } from '../../policy/files.ts';
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
import { wrapAt } from '../finding-lines.ts';
import { diagnosticJson, jsonDocument, settingJson } from '../json.ts';
import { terminalColumns } from '../terminal.ts';

export const runConfigCheck: RunCommand = async (invocation, io, system) => {
  const { files } = system;
  const { root, operands } = invocation;
  const texts = readPolicyTexts(files, root, operands);
  const built = texts.length === 0 ? undefined : await buildTexts(texts);
  const order = texts.map(({ file }) => file);
  const accounts = built && readAccounts(files, root);
  const errors =
    built && accounts ? [...built.errors, ...accountErrors(built.policy, accounts, built.accessLines)] : [];
  const warnings =
    built && accounts
      ? [...built.warnings, ...accountWarnings(built.policy, accounts, built.accessLines)]
      : [];
  const ignored = operands.length > 0 ? [] : ignoredPolicyFiles(files, root).map(ignoredMessage);
  const here =
    built && errors.length === 0
      ? compareWithDevices(files, root, built.policy, order)
      : { warnings: [], notes: [], siblings: [], fits: [] };
  const found = {
    errors: sortDiagnostics(errors, order),
    warnings: sortDiagnostics([...warnings, ...here.warnings], order),
    notes: sortDiagnostics(here.notes, order),
    messages: [...ignored, ...here.siblings],
  };
  const status = errors.length === 0 ? exitStatus.ok : exitStatus.usage;
  if (invocation.json) {
    io.out(
      jsonDocument({
        files: order,
        errors: found.errors.map(diagnosticJson),
        warnings: [
          ...found.warnings.map(diagnosticJson),
          ...found.notes.map(diagnosticJson),
          ...found.messages.map((message) => ({ message })),
        ],
        rules: here.fits.map(({ source, key, names }) => ({ source, key, deviceCount: names.length })),
      }),
    );
    return status;
  }
  for (const error of found.errors) {
    io.err(`vfio-names: ${formatDiagnostic(error)}`);
    for (const line of formatExcerpt(error)) io.err(line);
  }
  for (const warning of found.warnings) io.err(`vfio-names: warning: ${formatDiagnostic(warning)}`);
  for (const message of found.messages) io.err(`vfio-names: warning: ${printable(message)}`);
  for (const note of found.notes) io.err(`vfio-names: note: ${formatDiagnostic(note)}`);
  if (status !== exitStatus.ok) return status;
  if (!built) io.out('no policy file: only the default names of scheme 1\n');
  else {
    const { linkRules, accessRules, bindRules } = built.policy;
    const rules = [
      plural(linkRules.length, 'name rule'),
      plural(accessRules.length, 'access rule'),
      ...(bindRules.length > 0 ? [plural(bindRules.length, 'driver rule')] : []),
    ];
    io.out(`${plural(texts.length, 'policy file')} OK: ${rules.join(', ')}\n`);
    // The others are notes.
    for (const fit of here.fits.filter((each) => !isUnfit(each)))
      for (const line of wrapAt(
        formatDiagnostic({ source: fit.source, key: fit.key, message: fitMessage(fit) }),
        terminalColumns(io, system.process.env),
        '  ',
      ))
        io.out(`${line}\n`);
  }
  return status;
};

function ignoredMessage(file: string): string {
  return `${file} is ignored: expected a name that ends in .toml and does not begin with a dot`;
}

/** What the devices of this machine say about a policy. */
interface Comparison {
  readonly warnings: readonly Diagnostic[];
  readonly notes: readonly Diagnostic[];
  readonly siblings: readonly string[];
  /** What each rule fits, in the order of the files; empty on a machine without VFIO devices. */
  readonly fits: readonly RuleFit[];
}

/** Compares the policy with the devices of this machine. */
function compareWithDevices(files: Files, root: Root, policy: Policy, order: readonly string[]): Comparison {
  const { warnings, notes } = checkBindPolicy(files, root, policy, readDriverAliases(files, root, policy));
  if (policy.linkRules.length === 0 && policy.accessRules.length === 0)
    return { warnings, notes, siblings: [], fits: [] };
  const factNames = policyFacts(policy).add('group');
  const facts = scanDevices(files, root).devices.map((device) => readFacts(files, root, device, factNames));
  const fits = facts.length === 0 ? [] : countFits(policy, facts);
  return {
    warnings,
    notes: [
      ...notes,
      ...fits.filter(isUnfit).map((fit) => ({ source: fit.source, key: fit.key, message: fitMessage(fit) })),
    ],
    fits: [...fits].sort(
      (a, b) => order.indexOf(a.source.file) - order.indexOf(b.source.file) || a.source.line - b.source.line,
    ),
    siblings: policy.accessRules.length === 0 ? [] : groupAccessProblems(policy, facts),
  };
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
  io.out(
    invocation.json
      ? jsonDocument({ files, settings: settings.map(settingJson), policy })
      : formatPolicy({ policy, settings }),
  );
  return exitStatus.ok;
};
