/** Binds the access rules of a policy to a machine; reads only the facts that the rules use. */
import { readFacts } from '../devices/facts.ts';
import type { AccessRules } from '../links/access.ts';
import { iommuAccess, resolveAccess } from '../names/policy-access.ts';
import { policyFacts } from '../names/policy-links.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { Policy } from './policy.ts';

/** Returns the access rules; `undefined` if the policy sets no access, so that the caller need not read any node. */
export function bindAccessRules(files: Files, root: Root, policy: Policy): AccessRules | undefined {
  const iommu = iommuAccess(policy);
  if (policy.access.length === 0 && !iommu) return undefined;
  const wanted = policyFacts({ ...policy, links: [] });
  return {
    accessOf: (device) => resolveAccess(policy, readFacts(files, root, device, wanted)),
    ...(iommu && { iommu }),
  };
}
