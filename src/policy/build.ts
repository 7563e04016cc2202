/** Builds a policy from the texts of its files. Loads the parsers of TOML and of templates. */

import { sha256 } from '../text/sha256.ts';
import { iommuProblem } from './access.ts';
import { type Diagnostic, findShadowedRules, sortDiagnostics } from './diagnostics.ts';
import type { PolicyText } from './files.ts';
import { type FileRules, parseRules, readDocument, type Setting } from './parse.ts';
import { familyNames, type LinkRule, type Policy } from './policy.ts';

export interface BuildResult {
  /** Complete only if `errors` is empty; otherwise built from the valid parts. */
  readonly policy: Policy;
  /** The effective value of each setting, with the file that set it. */
  readonly settings: readonly Setting[];
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Merges the files in order: a later setting, alias or `[iommu]` overrides an earlier one; rules accumulate. */
export function buildPolicy(texts: readonly PolicyText[]): BuildResult {
  const errors: Diagnostic[] = [];
  const files: FileRules[] = [];
  for (const text of texts) {
    const document = readDocument(text);
    if ('errors' in document) errors.push(...document.errors);
    else files.push(parseRules(document));
  }
  errors.push(...files.flatMap((file) => file.errors));
  const iommu = files.flatMap((file) => file.iommu ?? []).at(-1);
  const families = new Map(files.flatMap((file) => [...file.families]));
  const settings = new Map(
    files.flatMap((file) => file.settings.map((setting) => [setting.key, setting] as const)),
  );
  const rules: Omit<Policy, 'hash'> = {
    scheme: 1,
    linkRules: [
      ...[...families.values()].flatMap((rule) => rule ?? []).sort(byFamily),
      ...files.flatMap((file) => file.links),
    ],
    accessRules: files.flatMap((file) => file.access),
    ...(iommu && { iommu }),
  };
  const policy = { ...rules, hash: policyHash(rules) };
  const warnings = [
    ...files.flatMap((file) => file.warnings),
    ...(errors.length === 0 ? policyWarnings(policy) : []),
  ];
  const order = texts.map((text) => text.file);
  return {
    policy,
    settings: [...settings.values()],
    errors: sortDiagnostics(errors, order),
    warnings: sortDiagnostics(warnings, order),
  };
}

/** Returns the warnings that need the whole policy. */
function policyWarnings(policy: Policy): Diagnostic[] {
  const problem = iommuProblem(policy);
  const source = policy.accessRules[0]?.source;
  return [
    ...findShadowedRules(policy),
    ...(problem !== undefined && source ? [{ source, key: 'access', ...problem }] : []),
  ];
}

/** Returns the SHA-256 of the rules in hex; files and line numbers do not change it. */
export function policyHash(policy: Omit<Policy, 'hash'>): string {
  const withoutSource = <T extends { readonly source: unknown }>({
    source: _,
    ...rest
  }: T): Omit<T, 'source'> => rest;
  const link = ({ match, template, priority }: LinkRule) => ({ match, template, priority });
  const content = {
    scheme: policy.scheme,
    linkRules: policy.linkRules.map(link),
    accessRules: policy.accessRules.map(withoutSource),
    ...(policy.iommu && { iommu: withoutSource(policy.iommu) }),
  };
  return sha256(JSON.stringify(content));
}

/** Sorts families by familyNames and aliases by name, so that the hash does not depend on which file set which one. */
function byFamily(a: LinkRule, b: LinkRule): number {
  const place = (rule: LinkRule): number => familyNames.indexOf(rule.family ?? 'by-alias');
  return place(a) - place(b) || (JSON.stringify(a.template) < JSON.stringify(b.template) ? -1 : 1);
}
