/** Builds a name from the parts of its template and the facts of a device. */
import type { NamePart, Transform } from '../config/policy.ts';
import type { Facts } from '../devices/device.ts';
import { sanitizePathPart } from './sanitize.ts';
import { isReservedName } from './scheme.ts';

/** Maximum length of a name; shorter than PATH_MAX of linux/limits.h to leave room for the root's prefix. */
const MAX_NAME = 1024;

/**
 * Returns the path relative to /dev/vfio, `by-sriov/0000:01:00.0/vf3`. Returns `undefined` if the device does not have one
 * of the facts, if sanitizing leaves nothing of a fact, or if the path is invalid: an empty or hidden part, `..`, a part
 * longer than 255 bytes, a reserved first part, or only one part.
 */
export function renderName(parts: readonly NamePart[], facts: Facts): string | undefined {
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
  return value === undefined ? undefined : sanitizePathPart((part.apply ?? []).reduce(applyTransform, value));
}

/** Applies one helper to a text. */
export function applyTransform(text: string, by: Transform): string {
  if (by.kind === 'lower') return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  if (by.kind === 'pad') return text.padStart(by.width, '0');
  return text.split(by.from).join(by.to);
}

/** Whether the path is valid. Hidden names are rejected because vfio-names and udev use them for temporary files. */
function isUsable(name: string): boolean {
  const parts = name.split('/');
  const isValid = (part: string): boolean => !part.startsWith('.') && sanitizePathPart(part) === part;
  return (
    parts.length > 1 && name.length <= MAX_NAME && parts.every(isValid) && !isReservedName(parts[0] ?? '')
  );
}
