/** Checks the fixed text of a name template, independent of any device. */
import type { NamePart } from '../config/policy.ts';
import { printable } from '../text/printable.ts';
import { MAX_PART_BYTES, sanitizePathPart } from './sanitize.ts';

/** Placeholder for a fact's text: one letter, because no fact is empty, and not one that could complete `by-`. */
const placeholder = 'x';

/** Returns one line on what is wrong with the path for every device; `undefined` if the fixed text is valid. */
export function templateTextProblem(parts: readonly NamePart[]): string | undefined {
  for (const part of parts) {
    const unsafe =
      'text' in part ? /[^0-9A-Za-z#+\-.:=@_/\u0080-\u{10ffff}]/u.exec(part.text)?.[0] : undefined;
    if (unsafe !== undefined)
      return `the character "${printable(unsafe)}" can't be in a name; use letters, digits and # + - . : = @ _ /`;
  }
  const path = parts.map((part) => ('text' in part ? part.text : placeholder)).join('');
  const found = printable(path.length > 80 ? `${path.slice(0, 80)}...` : path);
  if (path.startsWith('/')) return `a name lies below /dev/vfio: expected "by-x/...", found "${found}"`;
  if (!/^by-[^/]/.test(path))
    return `a name begins with a directory of its own, "by-x/...", since all others are the kernel's or a bus's; found "${found}"`;
  const pieces = path.split('/');
  if (pieces.length < 2) return `expected a directory and a name, "by-x/...", found only "${found}"`;
  for (const piece of pieces) {
    if (piece === '') return `a part of the name is empty: "${found}"`;
    if (piece.startsWith('.')) return `a part of the name begins with a dot: "${found}"`;
    if (sanitizePathPart(piece) !== piece)
      return `a part of the name has more than ${MAX_PART_BYTES} bytes or is no Unicode text`;
  }
  return undefined;
}
