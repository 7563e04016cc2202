/** The names of a policy for the devices of a machine: reads the facts that the policy asks for, and no others. */
import { readFacts } from '../devices/facts.ts';
import type { MoreNames } from '../names/claims.ts';
import { nameFacts, policyNames } from '../names/policy-links.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { Policy } from './policy.ts';

/** `undefined` for a policy without names of its own: then no fact is read at all. */
export function moreNames(files: Files, root: Root, policy: Policy): MoreNames | undefined {
  if (policy.links.length === 0) return undefined;
  const wanted = nameFacts(policy);
  return (device) => policyNames(policy, readFacts(files, root, device, wanted));
}
