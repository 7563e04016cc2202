/** The names of one device: that of the scheme, and those that the rules ask for by their text. */
import type { Device, FactName, Facts } from '../devices/device.ts';
import { factReaders, readFact } from '../devices/facts.ts';
import type { Claim } from '../names/desire.ts';
import { schemeLink } from '../names/scheme.ts';
import { nameFrom } from '../names/template.ts';
import { readRequest } from '../rules/request.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { isPlain } from './plain-files.ts';
import type { AskedLink } from './request.ts';

/** One fact; what is no UTF-8 text counts as absent, since each engine reads such bytes in its own way. */
export function plainFact(files: Files, root: Root, device: Device, fact: FactName): string | undefined {
  const value = readFact(files, root, device, fact);
  return value !== undefined && isPlain(value) ? value : undefined;
}

/** The name that a request's text makes; `undefined` where the device lacks a fact of it. Throws an Error for a text that is none. */
export function nameOfRequest(files: Files, root: Root, device: Device, text: string): string | undefined {
  const parts = readRequest(text);
  const known = parts?.every((part) => 'text' in part || Object.hasOwn(factReaders, part.fact));
  if (!parts || !known)
    throw new Error(
      `expected a name as the rules write it after --link, found ${JSON.stringify(text.slice(0, 80))}`,
    );
  const facts: Partial<Record<FactName, string>> = {};
  for (const part of parts) {
    const value = 'fact' in part ? plainFact(files, root, device, part.fact) : undefined;
    if ('fact' in part && value !== undefined) facts[part.fact] = value;
  }
  return nameFrom(parts, facts as Facts);
}

/** All links that the device wants, each once with its highest priority, that of the scheme above all, as sync claims them. */
export function claimsFor(files: Files, root: Root, device: Device, asked: readonly AskedLink[]): Claim[] {
  const own = schemeLink(device);
  if (own === undefined) return [];
  const claims = new Map<string, Claim>([[own, { link: own, device, priority: Number.POSITIVE_INFINITY }]]);
  for (const { text, priority } of asked) {
    const link = nameOfRequest(files, root, device, text);
    if (link !== undefined && !((claims.get(link)?.priority ?? Number.NEGATIVE_INFINITY) >= priority))
      claims.set(link, { link, device, priority });
  }
  return [...claims.values()];
}
