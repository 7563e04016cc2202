/** Builds the Machine of a command: the file system, the root directory, and the links and access rules of the policy. */

import type { Problem } from '../devices/types.ts';
import { formatSkipped, nodePathOf, type SkippedDevice } from '../links/node-check.ts';
import type { Machine, Observation } from '../links/observe.ts';
import { nodeRemedy } from '../links/resolve.ts';
import { bindAccessRules, bindPolicyNames, loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import type { System } from '../system/system.ts';
import { printable } from '../text/printable.ts';
import type { Invocation, Io } from './command.ts';

/** Loads the installed policy, or the file of --policy. Throws VfioNamesError (status 2) if it is invalid. */
export async function loadPolicyOption({ root, values }: Invocation, { files }: System): Promise<Policy> {
  return loadPolicy(files, root, values['policy']);
}

/** The machine with its policy loaded. Throws as `policyOf` does. */
export async function loadPolicyMachine(invocation: Invocation, system: System): Promise<Machine> {
  const { files } = system;
  const { root } = invocation;
  const policy = await loadPolicyOption(invocation, system);
  const policyNames = bindPolicyNames(files, root, policy);
  const access = bindAccessRules(files, root, policy);
  return { files, root, ...(policyNames && { policyNames }), ...(access && { access }) };
}

export function reportProblems(io: Io, problems: readonly Problem[]): void {
  for (const problem of problems) io.err(`vfio-names: ${printable(problem.file)}: ${problem.message}`);
}

/** How many devices the message names. */
const MAX_NAMES = 3;

/** The devices whose node is missing. */
export function skippedDevices({
  scan,
  missingNodes,
}: Pick<Observation, 'scan' | 'missingNodes'>): SkippedDevice[] {
  if (missingNodes.size === 0) return [];
  return scan.devices
    .filter(({ sysname }) => missingNodes.has(sysname))
    .map(({ name, sysname }) => ({
      name,
      node: sysname,
      message: `expected its node at ${nodePathOf(printable(sysname))}, found nothing; ${nodeRemedy}`,
    }));
}

/** Prints one line on stderr for all devices whose node is missing. */
export function reportMissingNodes(io: Io, observation: Pick<Observation, 'scan' | 'missingNodes'>): void {
  const line = summaryLine(observation);
  if (line !== undefined) io.err(`vfio-names: ${line}`);
}

function summaryLine(observation: Pick<Observation, 'scan' | 'missingNodes'>): string | undefined {
  const { scan, missingNodes } = observation;
  if (missingNodes.size < 2) return skippedDevices(observation).map(formatSkipped)[0];
  const names = scan.devices
    .filter(({ sysname }) => missingNodes.has(sysname))
    .map(({ name }) => printable(name));
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.length} devices are left out: expected their nodes in ${nodePathOf('').slice(0, -1)}, found none of ${names.slice(0, MAX_NAMES).join(', ')}${rest}; ${nodeRemedy}`;
}
