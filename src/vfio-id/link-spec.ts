/**
 * The notation in which a rule requests a whole name from vfio_id if udev cannot build it:
 * `by-slot/{slot}`, `by-tag/pci-{name|r3a=5f|r2e=5f}`, `by-sriov/{pf}/vf{vf|p3}`. Runs in QuickJS, as vfio_id does.
 *
 * vfio_id --export --link 1=TEXT prints `ID_VFIO_LINK_1=<name>`, or nothing if the device does not have one of the facts.
 */

import type { FactName } from '../devices/types.ts';
import type { NamePart, Transform } from '../policy/policy.ts';

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
