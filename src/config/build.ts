/** From the texts of all files to one policy, with every mistake and warning. Reads nothing and knows no machine. */
import { createHash } from 'node:crypto';
import { iommuProblem } from '../names/policy-access.ts';
import type { PolicyText } from './directories.ts';
import { readDocument } from './document.ts';
import { type Mistake, sortMistakes } from './mistake.ts';
import { familyNames, type LinkRule, type Policy } from './policy.ts';
import { type FileRules, rulesOf, type Setting } from './rules.ts';
import { shadowedRules } from './shadowed.ts';

export interface Built {
  /** Complete and sound where there are no mistakes; without them it is what the sound parts say. */
  readonly policy: Policy;
  /** The value of each switch that holds, with the file that gave it. */
  readonly settings: readonly Setting[];
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/** Puts the files together in their order: a later switch, alias or `[iommu]` overrides an earlier one, rules add up. */
export function buildPolicy(texts: readonly PolicyText[]): Built {
  const mistakes: Mistake[] = [];
  const files: FileRules[] = [];
  for (const text of texts) {
    const document = readDocument(text);
    if ('mistakes' in document) mistakes.push(...document.mistakes);
    else files.push(rulesOf(document));
  }
  mistakes.push(...files.flatMap((file) => file.mistakes));
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
    ...(mistakes.length === 0 ? afterthoughts(policy) : []),
  ];
  const order = texts.map((text) => text.file);
  return {
    policy,
    settings: [...settings.values()],
    mistakes: sortMistakes(mistakes, order),
    warnings: sortMistakes(warnings, order),
  };
}

/** What only shows in the whole policy. */
function afterthoughts(policy: Policy): Mistake[] {
  const problem = iommuProblem(policy);
  const source = policy.access[0]?.source;
  return [
    ...shadowedRules(policy),
    ...(problem !== undefined && source ? [{ source, key: 'access', message: problem }] : []),
  ];
}

/** SHA-256 of what the rules say, not of where they stand. */
export function policyHash(policy: Omit<Policy, 'hash'>): string {
  const plain = <T extends { readonly source: unknown }>({ source: _, ...rest }: T): Omit<T, 'source'> =>
    rest;
  const link = ({ match, name, priority }: LinkRule) => ({ match, name, priority });
  const said = {
    scheme: policy.scheme,
    links: policy.links.map(link),
    access: policy.access.map(plain),
    ...(policy.iommu && { iommu: plain(policy.iommu) }),
  };
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

/** Families in their order and aliases by name, so that the hash does not depend on which file said what. */
function byFamily(a: LinkRule, b: LinkRule): number {
  const place = (rule: LinkRule): number => familyNames.indexOf(rule.family ?? 'by-alias');
  return place(a) - place(b) || (JSON.stringify(a.name) < JSON.stringify(b.name) ? -1 : 1);
}
