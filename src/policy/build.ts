/** Builds a policy from the texts of its files. Loads the parsers of TOML and of templates. */

import { defaultGroupNames, type GroupNames } from '../names/groups.ts';
import { printable } from '../text/printable.ts';
import { sha256 } from '../text/sha256.ts';
import { iommuProblem } from './access.ts';
import { type AccessLines, type Diagnostic, findShadowedRules, sortDiagnostics } from './diagnostics.ts';
import { readDocument } from './document.ts';
import { familyDirectoryWarnings } from './families.ts';
import type { PolicyText } from './files.ts';
import { type FileRules, parseRules, type Setting } from './parse.ts';
import { familyNames, type LinkRule, type Policy } from './policy.ts';

export interface BuildResult {
  /** Complete only if `errors` is empty; otherwise built from the valid parts. */
  readonly policy: Policy;
  /** The effective value of each setting, with the file that set it. */
  readonly settings: readonly Setting[];
  /** The line of each key of an access rule and of `[iommu]`. */
  readonly accessLines: AccessLines;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Merges the files in order: a later setting, alias or `[iommu]` overrides an earlier one; rules accumulate. */
export function buildPolicy(texts: readonly PolicyText[]): BuildResult {
  const documents = texts.map(readDocument);
  const files = documents.flatMap((document): FileRules[] =>
    'errors' in document ? [] : [parseRules(document)],
  );
  const errors = [
    ...documents.flatMap((document) => ('errors' in document ? document.errors : [])),
    ...files.flatMap((file) => file.errors),
  ];
  const iommu = files.flatMap((file) => file.iommu ?? []).at(-1);
  const groups = notDefault(Object.assign({}, ...files.map((file) => file.groups)));
  const families = new Map(files.flatMap((file) => [...file.families]));
  const settings = new Map(
    files.flatMap((file) => file.settings.map((setting) => [setting.key, setting] as const)),
  );
  const accessLines: AccessLines = new Map(files.flatMap((file) => [...file.accessLines]));
  const rules: Omit<Policy, 'hash'> = {
    scheme: 1,
    linkRules: [
      ...[...families.values()].flatMap((rule) => rule ?? []).sort(byFamily),
      ...files.flatMap((file) => file.links),
    ],
    accessRules: files.flatMap((file) => file.access),
    bindRules: files.flatMap((file) => file.binds),
    ...(iommu && { iommu }),
    ...(Object.keys(groups).length > 0 && { groups }),
  };
  const policy = { ...rules, hash: policyHash(rules) };
  const warnings = [
    ...files.flatMap((file) => file.warnings),
    ...findOverriddenAliases(files),
    ...(errors.length === 0 ? policyWarnings(policy, accessLines) : []),
  ];
  const order = texts.map((text) => text.file);
  return {
    policy,
    settings: [...settings.values()],
    accessLines,
    errors: sortDiagnostics(errors, order),
    warnings: sortDiagnostics(warnings, order),
  };
}

/** The keys about groups whose values are not those of a policy without them, always in the same order. */
function notDefault({ enabled, policyLinks }: Partial<GroupNames>): Partial<GroupNames> {
  return {
    ...(enabled !== undefined && enabled !== defaultGroupNames.enabled && { enabled }),
    ...(policyLinks !== undefined && policyLinks !== defaultGroupNames.policyLinks && { policyLinks }),
  };
}

/** Returns one warning for each alias that an earlier file defines, too: the later one applies, as with systemd's drop-ins. */
function findOverriddenAliases(files: readonly FileRules[]): Diagnostic[] {
  const seen = new Map<string, Setting>();
  const warnings: Diagnostic[] = [];
  for (const { settings } of files)
    for (const setting of settings) {
      const earlier = seen.get(setting.key);
      seen.set(setting.key, setting);
      if (!earlier || !setting.key.startsWith('names.by-alias.')) continue;
      const { file, line } = earlier.source;
      warnings.push({
        source: setting.source,
        key: setting.key,
        message: `replaces the alias of the same name at ${printable(file)}:${line}`,
        hint: 'give one of them another name, or remove it',
      });
    }
  return warnings;
}

/** Returns the warnings that need the whole policy. */
function policyWarnings(policy: Policy, lines: AccessLines): Diagnostic[] {
  const problem = iommuProblem(policy);
  const { file } = problem?.rule.source ?? {};
  return [
    ...findShadowedRules(policy),
    ...familyDirectoryWarnings(policy.linkRules),
    ...(problem && file !== undefined
      ? [
          {
            source: { file, line: lines.get(problem.rule)?.[problem.key] ?? problem.rule.source.line },
            key: `access.${problem.key === 'fileGroup' ? 'group' : problem.key}`,
            message: problem.message,
            hint: problem.hint,
          },
        ]
      : []),
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
    // Policies without such rules keep the hash that they had before there were any.
    ...(policy.bindRules.length > 0 && { bindRules: policy.bindRules.map(withoutSource) }),
    ...(policy.iommu && { iommu: withoutSource(policy.iommu) }),
    ...(policy.groups && { groups: policy.groups }),
  };
  return sha256(JSON.stringify(content));
}

/** Sorts families by familyNames and aliases by name, so that the hash does not depend on which file set which one. */
function byFamily(a: LinkRule, b: LinkRule): number {
  const place = (rule: LinkRule): number => familyNames.indexOf(rule.family ?? 'by-alias');
  return place(a) - place(b) || (JSON.stringify(a.template) < JSON.stringify(b.template) ? -1 : 1);
}
