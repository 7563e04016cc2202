/**
 * Loads the policy of a machine, or of given files. On a machine without policy files this takes three failed system
 * calls and loads no parser.
 */
import { readFacts } from '../devices/facts.ts';
import type { PolicyNames } from '../names/claims.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { type AccessRules, iommuAccess, resolveAccess } from './access.ts';
import type { BuildResult } from './build.ts';
import { policyError } from './diagnostics.ts';
import { type PolicyText, readPolicyFile, readPolicyFiles, readTrustedPolicyFile } from './files.ts';
import { nameFacts, policyFacts, policyNames } from './links.ts';
import { defaultPolicy, type Policy } from './policy.ts';

/**
 * Loads the policy below `root`, or of `policyFile` alone (a path as the user gave it, not below the root). With
 * `onlyTrusted`, that file is checked as the installed ones are: nobody but root may be able to change it.
 * Throws VfioNamesError `policy` (status 2) with the first error; ignores warnings, which `config check` reports.
 */
export async function loadPolicy(
  files: Files,
  root: Root,
  policyFile?: string,
  onlyTrusted = false,
): Promise<Policy> {
  const texts =
    policyFile === undefined
      ? readPolicyFiles(files, root)
      : [
          {
            file: policyFile,
            text: (onlyTrusted ? readTrustedPolicyFile : readPolicyFile)(files, policyFile),
          },
        ];
  if (texts.length === 0) return defaultPolicy;
  const { policy, errors } = await buildTexts(texts);
  if (errors.length > 0) throw policyError(errors);
  return policy;
}

/** Reads the files in `paths`, in that order, or all policy files below `root` if `paths` is empty. */
export function readPolicyTexts(files: Files, root: Root, paths: readonly string[]): PolicyText[] {
  if (paths.length === 0) return readPolicyFiles(files, root);
  return paths.map((file) => ({ file, text: readPolicyFile(files, file) }));
}

/** Builds the policy with all errors and warnings, for commands that print them. */
export async function buildTexts(texts: readonly PolicyText[]): Promise<BuildResult> {
  const { buildPolicy } = await import('./build.ts');
  return buildPolicy(texts);
}

/** Returns the function that names a device; `undefined` if the policy adds no names, so that no fact is read. */
export function bindPolicyNames(files: Files, root: Root, policy: Policy): PolicyNames | undefined {
  if (policy.linkRules.length === 0) return undefined;
  const wanted = nameFacts(policy);
  return (device) => policyNames(policy, readFacts(files, root, device, wanted));
}

/** Returns the access rules; `undefined` if the policy sets no access, so that the caller need not read any node. */
export function bindAccessRules(files: Files, root: Root, policy: Policy): AccessRules | undefined {
  const iommu = iommuAccess(policy);
  if (policy.accessRules.length === 0 && !iommu) return undefined;
  const wanted = policyFacts({ ...policy, linkRules: [] });
  return {
    accessOf: (device) => resolveAccess(policy, readFacts(files, root, device, wanted)),
    ...(iommu && { iommu }),
  };
}
