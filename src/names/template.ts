/** A name from its parts and a device's facts. Pure; how the parts were written is not known here. */
import type { NamePart, Transform } from '../config/policy.ts';
import type { Facts } from '../devices/device.ts';
import { sanitizePart } from './sanitize.ts';
import { isReserved } from './scheme.ts';

/** Shorter than PATH_MAX of linux/limits.h, with room for any root before it. */
const longestName = 1024;

/**
 * The path below /dev/vfio, `by-sriov/0000:01:00.0/vf3`. `undefined` where the device lacks a fact of it, where nothing
 * safe is left of a fact, or where the result is none: an empty or hidden part, `..`, a part of more than 255 bytes, a
 * reserved first part, or a single part.
 */
export function nameFrom(parts: readonly NamePart[], facts: Facts): string | undefined {
  let name = '';
  for (const part of parts) {
    const text = 'text' in part ? part.text : factText(part, facts);
    if (text === undefined) return undefined;
    name += text;
  }
  return isUsable(name) ? name : undefined;
}

function factText(part: Exclude<NamePart, { readonly text: string }>, facts: Facts): string | undefined {
  const value = facts[part.fact];
  return value === undefined ? undefined : sanitizePart((part.apply ?? []).reduce(transform, value));
}

/** One helper's work on a text. */
export function transform(text: string, by: Transform): string {
  if (by.kind === 'lower') return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  if (by.kind === 'pad') return text.padStart(by.width, '0');
  return text.split(by.from).join(by.to);
}

/** Hidden names are refused: runs of this program and of udev use them for what is only half made. */
function isUsable(name: string): boolean {
  const parts = name.split('/');
  const good = (part: string): boolean => !part.startsWith('.') && sanitizePart(part) === part;
  return parts.length > 1 && name.length <= longestName && parts.every(good) && !isReserved(parts[0] ?? '');
}
