/**
 * Shell patterns like fnmatch(3) without flags: `*` any text (including slashes and leading dots), `?` one character,
 * `[a-f]` one of a set, `[!a-f]` one not in the set, `]` first in a set is literal.
 * Not supported because fnmatch, udev and busybox disagree on them: backslashes, `[^...]`, `[:class:]`. `|` is rejected
 * because udev uses it to separate alternatives.
 */

export type Token =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'text'; readonly code: number }
  | {
      readonly kind: 'set';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [number, number])[];
    };

/** Whether the pattern has no wildcards. */
export function isExact(pattern: string): boolean {
  // A regular expression takes longer in the native program.
  return !pattern.includes('*') && !pattern.includes('?') && !pattern.includes('[');
}

/** PATH_MAX of linux/limits.h: no fact is longer. */
const MAX_PATTERN = 4096;

/** Returns what is wrong with a pattern, as the end of a sentence; `undefined` for a valid pattern. */
export function globProblem(pattern: string): string | undefined {
  if (pattern === '') return 'an empty text fits nothing';
  if (pattern.length > MAX_PATTERN)
    return `expected at most ${MAX_PATTERN} characters, found ${pattern.length}`;
  if (/[\u0000-\u001f\u007f]/.test(pattern)) return 'control characters are in no fact';
  if (pattern.includes('|')) return '"|" is not for alternatives, write a list: ["a", "b"]';
  if (pattern.includes('\\')) return 'there is no backslash in patterns, write [*] for a star itself';
  const tokens = parseGlob(pattern);
  return typeof tokens === 'string' ? tokens : undefined;
}

/**
 * Whether the whole text matches the pattern; an invalid pattern matches nothing. Takes at most as many steps as the
 * product of both lengths.
 */
export function globMatches(pattern: string, text: string): boolean {
  if (isExact(pattern)) return pattern === text;
  const tokens = parsedOnce(pattern);
  if (typeof tokens === 'string') return false;
  const codes = codesOf(text);
  let [token, index, star, resume] = [0, 0, -1, 0];
  while (index < codes.length) {
    const current = tokens[token];
    if (current?.kind === 'any') {
      star = token++;
      resume = index;
    } else if (current !== undefined && tokenFits(current, codes[index] ?? -1)) {
      token++;
      index++;
    } else if (star >= 0) {
      token = star + 1;
      index = ++resume;
    } else return false;
  }
  while (tokens[token]?.kind === 'any') token++;
  return token === tokens.length;
}

/** The patterns of a policy, which are matched with the facts of every device. */
const parsedPatterns = new Map<string, readonly Token[] | string>();
const MAX_PARSED_PATTERNS = 1000;

function parsedOnce(pattern: string): readonly Token[] | string {
  const known = parsedPatterns.get(pattern);
  if (known !== undefined) return known;
  if (parsedPatterns.size >= MAX_PARSED_PATTERNS) parsedPatterns.clear();
  const tokens = parseGlob(pattern);
  parsedPatterns.set(pattern, tokens);
  return tokens;
}

/** Whether one character matches the token, which is not `any`. */
export function tokenFits(token: Token, code: number): boolean {
  if (token.kind === 'text') return token.code === code;
  if (token.kind === 'one') return true;
  return (
    token.kind === 'set' && token.ranges.some(([from, to]) => from <= code && code <= to) !== token.negated
  );
}

function codesOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/** Parses a pattern; the text says what is wrong with it, as globProblem() does. */
export function parseGlob(pattern: string): readonly Token[] | string {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? '';
    if (character === '*') tokens.push({ kind: 'any' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else if (character === '[') {
      const negated = characters[index + 1] === '!';
      const from = index + (negated ? 2 : 1);
      const end = characters.indexOf(']', from + 1);
      if (end < 0) return '"[" has no "]"; write [[] for the bracket itself';
      const ranges = parseSet(characters.slice(from, end));
      if (typeof ranges === 'string') return ranges;
      tokens.push({ kind: 'set', negated, ranges });
      index = end;
    } else tokens.push({ kind: 'text', code: character.codePointAt(0) ?? 0 });
  }
  return tokens;
}

function parseSet(members: readonly string[]): (readonly [number, number])[] | string {
  if (members[0] === '^') return 'write [!...] for the characters outside a set';
  const ranges: (readonly [number, number])[] = [];
  for (let index = 0; index < members.length; index++) {
    const from = members[index]?.codePointAt(0) ?? 0;
    if (members[index] === '[' && /[:.=]/.test(members[index + 1] ?? ''))
      return 'classes such as [:digit:] are not known here, write [0-9]';
    const isRange = members[index + 1] === '-' && index + 2 < members.length;
    const to = isRange ? (members[index + 2]?.codePointAt(0) ?? 0) : from;
    if (to < from) return `the range ${members.slice(index, index + 3).join('')} runs backwards`;
    ranges.push([from, to]);
    if (isRange) index += 2;
  }
  return ranges;
}
