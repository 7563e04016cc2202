/** Combines the files of a machine with its policy. */
import { defaultGroupNames } from '../names/groups.ts';
import { policyAliases } from '../policy/links.ts';
import { bindAccessRules, bindPolicyNames } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import type { SystemFiles } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import type { Machine } from './observe.ts';

/** The machine with the links, aliases and access rules of the policy. */
export function bindMachine(files: SystemFiles, root: Root, policy: Policy, isForeignTree: boolean): Machine {
  const policyNames = bindPolicyNames(files, root, policy);
  const access = bindAccessRules(files, root, policy);
  const aliases = policyAliases(policy);
  return {
    files,
    root,
    ...(aliases.length > 0 && { aliases }),
    ...(policy.linkRules.some(({ family }) => family === 'by-serial') && { usesSerials: true }),
    ...(policyNames && { policyNames }),
    ...(access && { access }),
    ...(policy.groups && { groupNames: { ...defaultGroupNames, ...policy.groups } }),
    isForeignTree,
  };
}
