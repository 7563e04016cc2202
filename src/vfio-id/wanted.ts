/** The links that one device claims: the one of the scheme, and those that the rules request with --link. */

import { factReaders, readFact } from '../devices/facts.ts';
import type { Device, FactName, Facts } from '../devices/types.ts';
import type { Claim, PolicyNames } from '../names/claims.ts';
import { schemeLink } from '../names/scheme.ts';
import { type AccessRules, resolveAccess } from '../policy/access.ts';
import { matches } from '../policy/match.ts';
import { renderName } from '../policy/template.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { isWellFormed } from '../system/well-formed-files.ts';
import type { LinkSpec } from './args.ts';
import { type GroupRequest, parseAccessRequest, parseGroupRequest, parseRequest } from './link-spec.ts';

/**
 * Reads one fact. Text that is not valid UTF-8 counts as absent, since Node and QuickJS decode such bytes differently.
 */
export function readPlainFact(files: Files, root: Root, device: Device, fact: FactName): string | undefined {
  const value = readFact(files, root, device, fact);
  return value !== undefined && isWellFormed(value) ? value : undefined;
}

function invalidText(text: string, expected = 'a name as the rules write it after --link'): Error {
  return new Error(`expected ${expected}, found ${JSON.stringify(text.slice(0, 80))}`);
}

/**
 * Evaluates the text of a --link option; `undefined` if the device lacks a fact that the text uses. Throws an Error for
 * an invalid text.
 */
export function linkFromSpec(files: Files, root: Root, device: Device, text: string): string | undefined {
  const parts = parseRequest(text);
  const isValid = parts?.every((part) => 'text' in part || Object.hasOwn(factReaders, part.fact));
  if (!parts || !isValid) throw invalidText(text);
  const facts: Partial<Record<FactName, string>> = {};
  for (const part of parts) {
    const value = 'fact' in part ? readPlainFact(files, root, device, part.fact) : undefined;
    if ('fact' in part && value !== undefined) facts[part.fact] = value;
  }
  return renderName(parts, facts as Facts);
}

/**
 * Returns the names that --link options with a match request for a member of a group, as a policy does. Throws an Error for
 * an invalid text.
 */
export function policyNamesOf(files: Files, root: Root, requested: readonly LinkSpec[]): PolicyNames {
  const rules = requested.map(({ text, priority }) => ({ ...parsedGroupRequest(text), priority }));
  const wanted = new Set(rules.flatMap(({ facts }) => facts));
  return (device) => {
    const facts = factsOf(files, root, device, wanted);
    const names = new Map<string, number>();
    for (const { match, parts, priority } of rules) {
      if (!matches(match, facts)) continue;
      const path = renderName(parts, facts);
      if (path !== undefined) names.set(path, Math.max(priority, names.get(path) ?? priority));
    }
    return [...names].map(([path, priority]) => ({ path, priority }));
  };
}

/** Returns the access rules of --access options, bound to the facts of the devices. Throws an Error for an invalid text. */
export function accessRulesOf(
  files: Files,
  root: Root,
  requested: readonly string[],
): Pick<AccessRules, 'accessOf'> | undefined {
  if (requested.length === 0) return undefined;
  const rules = requested.map((text) => {
    const rule = parseAccessRequest(text);
    if (!rule?.match.every(({ fact }) => Object.hasOwn(factReaders, fact)))
      throw invalidText(text, 'access as the rules write it after --access');
    return { match: rule.match, ...rule.access };
  });
  const wanted = new Set(rules.flatMap(({ match }) => match.map(({ fact }) => fact)));
  return {
    accessOf: (device) => resolveAccess({ accessRules: rules }, factsOf(files, root, device, wanted)),
  };
}

function factsOf(files: Files, root: Root, device: Device, wanted: Iterable<FactName>): Facts {
  const facts: Partial<Record<FactName, string>> = {};
  for (const fact of wanted) {
    const value = readPlainFact(files, root, device, fact);
    if (value !== undefined) facts[fact] = value;
  }
  return facts as Facts;
}

function parsedGroupRequest(text: string): GroupRequest & { readonly facts: readonly FactName[] } {
  const request = parseGroupRequest(text);
  const facts = [
    ...(request?.match ?? []).map(({ fact }) => fact),
    ...(request?.parts ?? []).flatMap((part) => ('fact' in part ? [part.fact] : [])),
  ];
  if (!request || request.parts.length === 0 || !facts.every((fact) => Object.hasOwn(factReaders, fact)))
    throw invalidText(text);
  return { ...request, facts };
}

/**
 * Returns all links that the device claims, each once with its highest priority; the link of the scheme has the highest
 * of all. The same claims as in sync.
 */
export function claimsOfDevice(
  files: Files,
  root: Root,
  device: Device,
  requested: readonly LinkSpec[],
): Claim[] {
  const schemePath = schemeLink(device);
  if (schemePath === undefined) return [];
  const claims = new Map<string, Claim>([
    [schemePath, { link: schemePath, device, priority: Number.POSITIVE_INFINITY }],
  ]);
  for (const { text, priority } of requested) {
    const link = linkFromSpec(files, root, device, text);
    if (link !== undefined && !((claims.get(link)?.priority ?? Number.NEGATIVE_INFINITY) >= priority))
      claims.set(link, { link, device, priority });
  }
  return [...claims.values()];
}
