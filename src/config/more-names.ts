/** Binds the names of a policy to a machine; reads only the facts that the policy uses. */
import { readFacts } from '../devices/facts.ts';
import type { PolicyNames } from '../names/claims.ts';
import { nameFacts, policyNames } from '../names/policy-links.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { Policy } from './policy.ts';

/** Returns the function that names a device; `undefined` if the policy adds no names, so that no fact is read. */
export function bindPolicyNames(files: Files, root: Root, policy: Policy): PolicyNames | undefined {
  if (policy.links.length === 0) return undefined;
  const wanted = nameFacts(policy);
  return (device) => policyNames(policy, readFacts(files, root, device, wanted));
}
