/**
 * The notation in which a rule requests a whole name from vfio_id if udev cannot build it:
 * `by-slot/{slot}`, `by-tag/pci-{name|r3a=5f|r2e=5f}`, `by-sriov/{pf}/vf{vf|p3}`. Runs in QuickJS, as vfio_id does.
 *
 * A name of a group begins with the match of its rule, because udev cannot match the members of a group:
 * `{?vendor=0x10de|0x1002&class!=0x03*}by-alias/gpu`.
 *
 * vfio_id --export --link 1=TEXT prints `ID_VFIO_LINK_1=<name>`, or nothing if the device does not have one of the facts.
 */

import type { FactName } from '../devices/types.ts';
import type { Access, Condition, Match, NamePart, Transform } from '../policy/policy.ts';

/** Returns the property in which vfio_id prints the name of a request; numbers start at 1 in each rules file. */
export function linkProperty(number: number): string {
  return `ID_VFIO_LINK_${number}`;
}

/** Formats the parts as text without blanks, quotes, `$` or `%`; fixed text must already be safe in a path. */
export function formatRequest(parts: readonly NamePart[]): string {
  return parts
    .map((part) =>
      'text' in part ? part.text : `{${[part.fact, ...(part.apply ?? []).map(write)].join('|')}}`,
    )
    .join('');
}

function write(transform: Transform): string {
  if (transform.transform === 'lower') return 'l';
  if (transform.transform === 'pad') return `p${transform.width}`;
  return `r${toHex(transform.from)}=${toHex(transform.to)}`;
}

/** Formats a match for the start of a request; empty for a match that every device fits. */
export function formatMatch(match: Match): string {
  if (match.length === 0) return '';
  const conditions = match.map(
    ({ fact, negate, patterns }) => `${fact}${negate ? '!=' : '='}${patterns.map(escapePattern).join('|')}`,
  );
  return `{?${conditions.join('&')}}`;
}

/** Formats an access rule: its match, and owner, group and mode with colons between them. Accounts must already be checked. */
export function formatAccessRequest(match: Match, { owner = '', fileGroup = '', mode = '' }: Access): string {
  return `${formatMatch(match)}${owner}:${fileGroup}:${mode}`;
}

/** Parses an access rule; `undefined` for text that formatAccessRequest() never produces. */
export function parseAccessRequest(
  text: string,
): { readonly match: Match; readonly access: Access } | undefined {
  const fields = /^(?:\{\?([^{}]*)\})?([\w.-]*):([\w.-]*):([0-7]{4})?$/.exec(text);
  if (!fields) return undefined;
  const [, conditions, owner, fileGroup, mode] = fields;
  const match = conditions === undefined ? [] : parseConditions(conditions);
  if (!match) return undefined;
  const access = {
    ...(owner && { owner }),
    ...(fileGroup && { fileGroup }),
    ...(mode !== undefined && { mode }),
  };
  return { match, access };
}

/** A request in its two parts. */
export interface GroupRequest {
  readonly match: Match;
  readonly parts: readonly NamePart[];
}

/** Parses a match and a name; `undefined` for text that formatMatch() and formatRequest() never produce. */
export function parseGroupRequest(text: string): GroupRequest | undefined {
  const [, conditions, name = ''] = /^(?:\{\?([^{}]*)\})?(.*)$/s.exec(text) ?? [];
  const match = conditions === undefined ? [] : parseConditions(conditions);
  const parts = name === '' ? [] : parseRequest(name);
  return match && parts ? { match, parts } : undefined;
}

function parseConditions(text: string): Match | undefined {
  const conditions = text.split('&').map((piece): Condition | undefined => {
    const [, fact, negation, list] = /^([A-Za-z]+)(!?)=(.*)$/s.exec(piece) ?? [];
    const patterns = list?.split('|').map(unescapePattern);
    if (fact === undefined || !patterns || patterns.includes(undefined)) return undefined;
    return {
      fact: fact as FactName,
      negate: negation === '!',
      patterns: patterns.filter((pattern) => pattern !== undefined),
    };
  });
  return conditions.includes(undefined) ? undefined : conditions.filter((found) => found !== undefined);
}

/** Escapes all that has a meaning in a request, in udev or in a shell as `~` and two hexadecimal digits for each byte. */
function escapePattern(pattern: string): string {
  return pattern.replace(/[^0-9A-Za-z:.*?_/+,-]/gu, (character) => toHex(character).replace(/../g, '~$&'));
}

function unescapePattern(text: string): string | undefined {
  if (/~(?![0-9a-f]{2})/.test(text)) return undefined;
  let valid = true;
  const pattern = text.replace(/(?:~[0-9a-f]{2})+/g, (escaped) => {
    const decoded = fromHex(escaped.replaceAll('~', ''));
    if (decoded === undefined) valid = false;
    return decoded ?? '';
  });
  return valid ? pattern : undefined;
}

/** Parses a request; `undefined` for text that formatRequest() never produces. */
export function parseRequest(text: string): NamePart[] | undefined {
  const parts: NamePart[] = [];
  for (const piece of text.match(/\{[^{}]*\}|[^{}]+|[{}]/g) ?? []) {
    if (!/[{}]/.test(piece)) {
      parts.push({ text: piece });
      continue;
    }
    const [fact, ...transforms] = piece.slice(1, -1).split('|');
    const apply = transforms.map(read);
    if (fact === undefined || !/^[A-Za-z]+$/.test(fact) || apply.some((transform) => transform === undefined))
      return undefined;
    const known = apply.filter((transform) => transform !== undefined);
    parts.push({ fact: fact as FactName, ...(known.length > 0 && { apply: known }) });
  }
  return parts.length > 0 ? parts : undefined;
}

function read(text: string): Transform | undefined {
  if (text === 'l') return { transform: 'lower' };
  const width = /^p(\d{1,3})$/.exec(text)?.[1];
  if (width !== undefined) return { transform: 'pad', width: Number(width) };
  const replace = /^r((?:[0-9a-f]{2})+)=((?:[0-9a-f]{2})*)$/.exec(text);
  const [from, to] = [fromHex(replace?.[1]), fromHex(replace?.[2])];
  return from === undefined || to === undefined ? undefined : { transform: 'replace', from, to };
}

/** Encodes text as UTF-8 in hex with encodeURIComponent, which every JavaScript engine has. */
function toHex(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%..|./g, (match) =>
      match.length === 3 ? match.slice(1) : match.charCodeAt(0).toString(16).padStart(2, '0'),
    )
    .toLowerCase();
}

function fromHex(hex: string | undefined): string | undefined {
  if (hex === undefined) return undefined;
  try {
    return decodeURIComponent(hex.replace(/../g, '%$&'));
  } catch {
    return undefined;
  }
}
