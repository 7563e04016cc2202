/**
 * Loads the policy of a machine, or of given files. On a machine without policy files this takes three failed system
 * calls and loads no parser.
 */
import { createHash } from 'node:crypto';
import { readFacts } from '../devices/facts.ts';
import type { AccessRules } from '../links/access.ts';
import type { PolicyNames } from '../names/claims.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { iommuAccess, iommuProblem, resolveAccess } from './access.ts';
import { type Diagnostic, findShadowedRules, policyError, sortDiagnostics } from './diagnostics.ts';
import { type PolicyText, readPolicyFile, readPolicyFiles } from './files.ts';
import { nameFacts, policyFacts, policyNames } from './links.ts';
import { type FileRules, parseRules, readDocument, type Setting } from './parse.ts';
import { defaultPolicy, familyNames, type LinkRule, type Policy } from './policy.ts';

export interface BuildResult {
  /** Complete only if `mistakes` is empty; otherwise built from the valid parts. */
  readonly policy: Policy;
  /** The effective value of each setting, with the file that set it. */
  readonly settings: readonly Setting[];
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Merges the files in order: a later setting, alias or `[iommu]` overrides an earlier one; rules accumulate. */
export function buildPolicy(texts: readonly PolicyText[]): BuildResult {
  const mistakes: Diagnostic[] = [];
  const files: FileRules[] = [];
  for (const text of texts) {
    const document = readDocument(text);
    if ('mistakes' in document) mistakes.push(...document.mistakes);
    else files.push(parseRules(document));
  }
  mistakes.push(...files.flatMap((file) => file.errors));
  const iommu = files.flatMap((file) => file.iommu ?? []).at(-1);
  const families = new Map(files.flatMap((file) => [...file.families]));
  const settings = new Map(
    files.flatMap((file) => file.settings.map((setting) => [setting.key, setting] as const)),
  );
  const rules: Omit<Policy, 'hash'> = {
    scheme: 1,
    links: [
      ...[...families.values()].flatMap((rule) => rule ?? []).sort(byFamily),
      ...files.flatMap((file) => file.links),
    ],
    access: files.flatMap((file) => file.access),
    ...(iommu && { iommu }),
  };
  const policy = { ...rules, hash: policyHash(rules) };
  const warnings = [
    ...files.flatMap((file) => file.warnings),
    ...(mistakes.length === 0 ? policyWarnings(policy) : []),
  ];
  const order = texts.map((text) => text.file);
  return {
    policy,
    settings: [...settings.values()],
    errors: sortDiagnostics(mistakes, order),
    warnings: sortDiagnostics(warnings, order),
  };
}

/** Returns the warnings that need the whole policy. */
function policyWarnings(policy: Policy): Diagnostic[] {
  const problem = iommuProblem(policy);
  const source = policy.access[0]?.source;
  return [
    ...findShadowedRules(policy),
    ...(problem !== undefined && source ? [{ source, key: 'access', message: problem }] : []),
  ];
}

/** Returns the SHA-256 of the rules in hex; files and line numbers do not change it. */
export function policyHash(policy: Omit<Policy, 'hash'>): string {
  const withoutSource = <T extends { readonly source: unknown }>({
    source: _,
    ...rest
  }: T): Omit<T, 'source'> => rest;
  const link = ({ match, name, priority }: LinkRule) => ({ match, name, priority });
  const content = {
    scheme: policy.scheme,
    links: policy.links.map(link),
    access: policy.access.map(withoutSource),
    ...(policy.iommu && { iommu: withoutSource(policy.iommu) }),
  };
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** Sorts families by familyNames and aliases by name, so that the hash does not depend on which file set which one. */
function byFamily(a: LinkRule, b: LinkRule): number {
  const place = (rule: LinkRule): number => familyNames.indexOf(rule.family ?? 'by-alias');
  return place(a) - place(b) || (JSON.stringify(a.name) < JSON.stringify(b.name) ? -1 : 1);
}

/**
 * Loads the policy below `root`, or of `policyFile` alone (a path as the user gave it, not below the root).
 * Throws VfioNamesError `policy` (status 2) with the first error; ignores warnings, which `config check` reports.
 */
export async function loadPolicy(files: Files, root: Root, policyFile?: string): Promise<Policy> {
  const texts = readPolicyTexts(files, root, policyFile === undefined ? [] : [policyFile]);
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
  const { buildPolicy } = await import('./load.ts');
  return buildPolicy(texts);
}

/** Returns the function that names a device; `undefined` if the policy adds no names, so that no fact is read. */
export function bindPolicyNames(files: Files, root: Root, policy: Policy): PolicyNames | undefined {
  if (policy.links.length === 0) return undefined;
  const wanted = nameFacts(policy);
  return (device) => policyNames(policy, readFacts(files, root, device, wanted));
}

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
