/**
 * The text in which a rule asks vfio_id for a whole name, where udev can't make it by itself:
 * `by-slot/{slot}`, `by-tag/pci-{name|r3a=5f|r2e=5f}`, `by-sriov/{pf}/vf{vf|p3}`. Pure, and portable as the helper is.
 *
 * vfio_id --export --link 1=TEXT prints `ID_VFIO_LINK_1=<name>`, nothing where the device lacks one of the facts.
 */
import type { NamePart, Transform } from '../config/policy.ts';
import type { FactName } from '../devices/device.ts';

/** The property in which vfio_id gives the name of a request, numbered from 1 in one file of rules. */
export function requestProperty(number: number): string {
  return `ID_VFIO_LINK_${number}`;
}

/** The parts as text without blanks, quotes, `$` or `%`; fixed text must be safe for a path already. */
export function writeRequest(parts: readonly NamePart[]): string {
  return parts
    .map((part) =>
      'text' in part ? part.text : `{${[part.fact, ...(part.apply ?? []).map(write)].join('|')}}`,
    )
    .join('');
}

function write(transform: Transform): string {
  if (transform.kind === 'lower') return 'l';
  if (transform.kind === 'pad') return `p${transform.width}`;
  return `r${toHex(transform.from)}=${toHex(transform.to)}`;
}

/** The parts that a request means; `undefined` for a text that writeRequest() never makes. */
export function readRequest(text: string): NamePart[] | undefined {
  const parts: NamePart[] = [];
  for (const piece of text.match(/\{[^{}]*\}|[^{}]+|[{}]/g) ?? []) {
    if (!/[{}]/.test(piece)) {
      parts.push({ text: piece });
      continue;
    }
    const [fact, ...transforms] = piece.slice(1, -1).split('|');
    const apply = transforms.map(read);
    if (fact === undefined || !/^[A-Za-z]+$/.test(fact) || apply.some((one) => one === undefined))
      return undefined;
    const known = apply.filter((one) => one !== undefined);
    parts.push({ fact: fact as FactName, ...(known.length > 0 && { apply: known }) });
  }
  return parts.length > 0 ? parts : undefined;
}

function read(text: string): Transform | undefined {
  if (text === 'l') return { kind: 'lower' };
  const width = /^p(\d{1,3})$/.exec(text)?.[1];
  if (width !== undefined) return { kind: 'pad', width: Number(width) };
  const replace = /^r((?:[0-9a-f]{2})+)=((?:[0-9a-f]{2})*)$/.exec(text);
  const [from, to] = [fromHex(replace?.[1]), fromHex(replace?.[2])];
  return from === undefined || to === undefined ? undefined : { kind: 'replace', from, to };
}

/** UTF-8 bytes in hex, through the one encoder that every JavaScript engine has. */
function toHex(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%..|./g, (one) =>
      one.length === 3 ? one.slice(1) : one.charCodeAt(0).toString(16).padStart(2, '0'),
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
