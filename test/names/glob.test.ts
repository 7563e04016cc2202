import test from 'ava';
import fc from 'fast-check';
import { globMatches, globProblem, isExact } from '../../src/names/glob.ts';

const fits = test.macro({
  exec(t, pattern: string, text: string, expected: boolean) {
    t.is(globProblem(pattern), undefined);
    t.is(globMatches(pattern, text), expected);
  },
  title: (_, pattern, text, expected) =>
    `${pattern} ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(text)}`,
});

test(fits, 'vfio-pci', 'vfio-pci', true);
test(fits, 'vfio-pci', 'vfio-pci2', false);
test(fits, '*', '', true);
test(fits, '*', 'a/b', true);
test(fits, '?', '', false);
test(fits, '?', '\u{1f600}', true);
test(fits, '*-pci', 'vfio-pci', true);
test(fits, 'a*b*c', 'a-b-b-c', true);
test(fits, 'a*b*c', 'a-b-b-d', false);
test(fits, '0x[0-9a-f]*', '0x10de', true);
test(fits, '0x[!0-9]*', '0x10de', false);
test(fits, '[]]', ']', true);
test(fits, '[!]]', ']', false);
test(fits, '[a-]', '-', true);
test(fits, '[*]', '*', true);
test(fits, '[*]', 'x', false);
test(fits, '[[]x', '[x', true);
test(fits, '[a]', '\0', false);
test(fits, '[a-c]', '-', false);
test(fits, '[a-cx]', 'd', false);
test(fits, '[abz]', 'm', false);
test(fits, '[a:]', ':', true);

const bad = test.macro({
  exec(t, pattern: string, problem: RegExp) {
    t.regex(globProblem(pattern) ?? 'fine', problem);
  },
  title: (_, pattern) => `${JSON.stringify(pattern)} is refused`,
});

test(bad, '', /empty/);
test(bad, '[a', /no "\]"/);
test(bad, '[]', /no "\]"/);
test(bad, '[z-a]', /the range z-a runs backwards/);
test(bad, '[xz-aq]', /the range z-a runs/);
test(bad, '[a[=b]', /classes/);
test(bad, '[^a]', /\[!/);
test(bad, '[[:digit:]]', /\[0-9\]/);
test(bad, 'a|b', /list/);
test(bad, 'a\\*', /backslash/);
test(bad, 'a\nb', /control/);

test('a bad pattern fits nothing', (t) => {
  t.false(globMatches('[a', '[a'));
});

test('a pattern of many stars is decided at once', (t) => {
  t.false(globMatches('*a'.repeat(500), 'a'.repeat(400)));
});

/** The pattern as a regular expression, piece by piece. */
function reference(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(.[^\]]*)\]|[\s\S]/gu, (piece, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\\][^&]/g, '\\$&')}]`;
    if (piece === '*') return '[^]*';
    return piece === '?' ? '[^]' : piece.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}

test('every good pattern means what the regular expression made of it means', (t) => {
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
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), text, (pieces, found) => {
      const pattern = pieces.join('');
      t.is(globProblem(pattern), undefined);
      return globMatches(pattern, found) === reference(pattern).test(found);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('an exact pattern fits itself only', (t) => {
  t.true(isExact('0000:01:00.0'));
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => !isExact(a) || globMatches(a, b) === (a === b)),
    { numRuns: 300 },
  );
});
