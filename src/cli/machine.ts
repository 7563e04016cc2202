/** What a command works on: the files, the root, and the names and access that the policy adds. */
import { accessRules } from '../config/access-rules.ts';
import { loadPolicy } from '../config/load.ts';
import { moreNames } from '../config/more-names.ts';
import type { Policy } from '../config/policy.ts';
import type { Machine } from '../links/observe.ts';
import type { Files } from '../system/files.ts';
import { nodeFiles } from '../system/node-files.ts';
import type { Invocation, Io } from './command.ts';

/** The policy (or the one of --policy); one that is wrong is an error of status 2 before anything is done. */
export async function policyOf({ root, values }: Invocation, io: Io): Promise<Policy> {
  return loadPolicy(filesOf(io), root, values['policy']);
}

/** Everything that naming needs. */
export async function machineOf(invocation: Invocation, io: Io): Promise<Machine> {
  const files = filesOf(io);
  const { root } = invocation;
  const policy = await policyOf(invocation, io);
  const more = moreNames(files, root, policy);
  const access = accessRules(files, root, policy);
  return { files, root, ...(more && { more }), ...(access && { access }) };
}

/** The file system: Node's, unless a test gives another. */
export function filesOf(io: Io): Files {
  return io.files ?? nodeFiles;
}
