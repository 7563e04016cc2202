/** Determines whether a pattern can match any value of a known form, such as a PCI address. */
import { globMatches, isExact, parseGlob, tokenFits } from './glob.ts';

/** A part of a form: `min` to `max` of these characters. */
export interface FormPart {
  readonly chars: string;
  readonly min: number;
  readonly max: number;
}

/** A value of a fact, as a sequence of parts. */
export type Form = readonly FormPart[];

const hex = '0123456789abcdef';

/** Parses a short notation: `h` a hexadecimal digit, `d` a decimal digit, `o` 0 to 7, `b` 0 or 1; `{4,8}` repeats; else itself. */
export function form(text: string): Form {
  const classes = new Map([
    ['h', hex],
    ['d', '0123456789'],
    ['o', '01234567'],
    ['b', '01'],
  ]);
  return [...text.matchAll(/(\\.|.)(?:\{(\d+)(?:,(\d*))?\})?/gs)].map(([, one = '', min = '1', max]) => ({
    chars: one.startsWith('\\') ? one.slice(1) : (classes.get(one) ?? one),
    min: Number(min),
    max: max === undefined ? Number(min) : max === '' ? Number.POSITIVE_INFINITY : Number(max),
  }));
}

/** Domain, bus, device and function (dev_set_name in drivers/pci/probe.c). */
export const pciAddressForm = form('h{4,8}:h{2}:bh.o');

export const uuidForm = form('h{8}-h{4}-h{4}-h{4}-h{12}');

/** Whether some text of the form matches the pattern. Takes time in proportion to the product of both lengths. */
export function canMatch(pattern: string, parts: Form): boolean {
  const tokens = isExact(pattern)
    ? Array.from(pattern, (character) => ({ kind: 'text' as const, code: character.codePointAt(0) ?? 0 }))
    : parseGlob(pattern);
  if (typeof tokens === 'string') return false;
  const items = parts.flatMap(({ chars, min, max }) => [
    ...Array.from({ length: min }, () => ({ chars, skips: false, repeats: false })),
    ...(max === Number.POSITIVE_INFINITY
      ? [{ chars, skips: true, repeats: true }]
      : Array.from({ length: max - min }, () => ({ chars, skips: true, repeats: false }))),
  ]);
  const width = items.length + 1;
  const seen = new Set<number>();
  const pending = [0];
  const visit = (token: number, item: number): void => {
    const state = token * width + item;
    if (!seen.has(state)) pending.push(state);
    seen.add(state);
  };
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const [at, index] = [Math.floor(state / width), state % width];
    const [token, item] = [tokens[at], items[index]];
    if (token === undefined && item === undefined) return true;
    if (token?.kind === 'any') visit(at + 1, index);
    if (item?.skips) visit(at, index + 1);
    if (!token || !item) continue;
    const next = item.repeats ? index : index + 1;
    if (token.kind === 'any') visit(at, next);
    else if (Array.from(item.chars).some((character) => tokenFits(token, character.codePointAt(0) ?? 0)))
      visit(at + 1, next);
  }
  return false;
}

/** Whether one of the words matches the pattern. */
export function matchesOneOf(pattern: string, words: readonly string[]): boolean {
  return words.some((word) => globMatches(pattern, word));
}
