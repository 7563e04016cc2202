/** Builds the Machine of a command: the file system, the root directory, and the links and access rules of the policy. */
import { bindAccessRules } from '../config/access-rules.ts';
import { loadPolicy } from '../config/load.ts';
import { bindPolicyNames } from '../config/more-names.ts';
import type { Policy } from '../config/policy.ts';
import type { Machine } from '../links/observe.ts';
import type { Files } from '../system/files.ts';
import { nodeFiles } from '../system/node-files.ts';
import type { Invocation, Io } from './command.ts';

/** Loads the installed policy, or the file of --policy. Throws VfioNamesError (status 2) if it is invalid. */
export async function loadPolicyOption({ root, values }: Invocation, io: Io): Promise<Policy> {
  return loadPolicy(filesOf(io), root, values['policy']);
}

/** The machine with its policy loaded. Throws as `policyOf` does. */
export async function loadPolicyMachine(invocation: Invocation, io: Io): Promise<Machine> {
  const files = filesOf(io);
  const { root } = invocation;
  const policy = await loadPolicyOption(invocation, io);
  const policyNames = bindPolicyNames(files, root, policy);
  const access = bindAccessRules(files, root, policy);
  return { files, root, ...(policyNames && { policyNames }), ...(access && { access }) };
}

/** The file system: Node's, unless a test replaces it. */
export function filesOf(io: Io): Files {
  return io.files ?? nodeFiles;
}
