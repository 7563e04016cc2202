import test from 'ava';
import fc from 'fast-check';
import { globMatches, globProblem, isExact } from '../../../src/policy/glob.ts';

const matches = test.macro({
  exec(t, pattern: string, text: string, expected: boolean) {
    t.is(globProblem(pattern), undefined);
    t.is(globMatches(pattern, text), expected);
  },
  title: (_, pattern, text, expected) =>
    `glob ${pattern} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(text)}`,
});

test(matches, 'vfio-pci', 'vfio-pci', true);
test(matches, 'vfio-pci', 'vfio-pci2', false);
test(matches, '*', '', true);
test(matches, '*', 'a/b', true);
test(matches, '?', '', false);
test(matches, '?', '\u{1f600}', true);
test(matches, '*-pci', 'vfio-pci', true);
test(matches, 'a*b*c', 'a-b-b-c', true);
test(matches, 'a*b*c', 'a-b-b-d', false);
test(matches, '0x[0-9a-f]*', '0x10de', true);
test(matches, '0x[!0-9]*', '0x10de', false);
test(matches, '[]]', ']', true);
test(matches, '[!]]', ']', false);
test(matches, '[a-]', '-', true);
test(matches, '[*]', '*', true);
test(matches, '[*]', 'x', false);
test(matches, '[[]x', '[x', true);
test(matches, '[a]', '\0', false);
test(matches, '[a-c]', '-', false);
test(matches, '[a-cx]', 'd', false);
test(matches, '[abz]', 'm', false);
test(matches, '[a:]', ':', true);

const rejects = test.macro({
  exec(t, pattern: string, problem: RegExp) {
    t.regex(globProblem(pattern) ?? 'fine', problem);
  },
  title: (_, pattern) => `globProblem rejects ${JSON.stringify(pattern)}`,
});

test(rejects, '', /empty/);
test(rejects, '[a', /no "\]"/);
test(rejects, '[]', /no "\]"/);
test(rejects, '[z-a]', /the range z-a runs backwards/);
test(rejects, '[xz-aq]', /the range z-a runs/);
test(rejects, '[a[=b]', /classes/);
test(rejects, '[^a]', /\[!/);
test(rejects, '[[:digit:]]', /\[0-9\]/);
test(rejects, 'a|b', /list/);
test(rejects, 'a\\*', /backslash/);
test(rejects, 'a\nb', /control/);

test('globMatches returns false for an invalid pattern', (t) => {
  t.false(globMatches('[a', '[a'));
});

test('globMatches is fast for a pattern of many stars', (t) => {
  t.false(globMatches('*a'.repeat(500), 'a'.repeat(400)));
});

/** Converts a pattern to a regular expression. */
function reference(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(.[^\]]*)\]|[\s\S]/gu, (piece, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\\][^&]/g, '\\$&')}]`;
    if (piece === '*') return '[^]*';
    return piece === '?' ? '[^]' : piece.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}

test('globMatches agrees with the equivalent regular expression', (t) => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '-',
    '/',
    '*',
    '?',
    '[ab]',
    '[!a]',
    '[a-c]',
    '[]a]',
    '[!-b]',
    '.',
    '$',
  );
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '-', '/', ']', '.', '$', '\u{1f600}'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), text, (pieces, subject) => {
      const pattern = pieces.join('');
      t.is(globProblem(pattern), undefined);
      return globMatches(pattern, subject) === reference(pattern).test(subject);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('a glob without wildcards matches only itself', (t) => {
  t.true(isExact('0000:01:00.0'));
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => !isExact(a) || globMatches(a, b) === (a === b)),
    { numRuns: 300 },
  );
});
