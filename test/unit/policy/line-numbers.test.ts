import test from 'ava';
import { parse } from 'smol-toml';
import { type KeyPath, keyLineFinder } from '../../../src/policy/line-numbers.ts';

const text = `# a comment with [[link]] and name = 1
scheme = 1
names.by-path = true

[[link]]
match = { bus = "pci", not = { driver = "a#b" } }
name = 'by-x/[[link]]'

[[link]] # again
name = """
[[link]]
name = "x\\""" # still text
"""
priority = 3
match.vendor = [ # of two
  "0x10de", # ]
  "}",
]
[link.match.not]
"dri\\u0076er" = '''
a'''
'slot' = 2026-01-01
[ "access" ]
x = [[1, [2]], {
  a = 1 }]
`;

const isOnLine = test.macro({
  exec(t, path: KeyPath, line: number) {
    t.is(keyLineFinder(text)(path), line);
  },
  title: (_, path: KeyPath, line: number) => `keyLines finds ${path.join('.')} on line ${line}`,
});

test(isOnLine, ['scheme'], 2);
test(isOnLine, ['names'], 3);
test(isOnLine, ['names', 'by-path'], 3);
test(isOnLine, ['link', 0], 5);
test(isOnLine, ['link', 0, 'match', 'bus'], 6);
test(isOnLine, ['link', 0, 'match', 'not', 'driver'], 6);
test(isOnLine, ['link', 0, 'name'], 7);
test(isOnLine, ['link', 1], 9);
test(isOnLine, ['link', 1, 'name'], 10);
test(isOnLine, ['link', 1, 'priority'], 14);
test(isOnLine, ['link', 1, 'match', 'vendor'], 15);
test(isOnLine, ['link', 1, 'match', 'vendor', 0], 16);
test(isOnLine, ['link', 1, 'match', 'vendor', 1], 17);
test(isOnLine, ['link', 1, 'match', 'not'], 19);
test(isOnLine, ['link', 1, 'match', 'not', 'driver'], 20);
test(isOnLine, ['link', 1, 'match', 'not', 'slot'], 22);
test(isOnLine, ['access', 'x', 0, 1, 0], 24);
test(isOnLine, ['access', 'x', 1, 'a'], 25);

test('keyLines returns the line of the enclosing table for a missing key', (t) => {
  t.is(keyLineFinder(text)(['link', 1, 'match', 'bus']), 15);
  t.is(keyLineFinder(text)(['link', 1, 'family']), 9);
  t.is(keyLineFinder(text)(['nothing']), 1);
});

test('the text of these tests is valid TOML', (t) => {
  t.is((parse(text)['link'] as unknown[]).length, 2);
});

test('keyLines terminates for text that is not TOML', (t) => {
  for (const invalid of [
    '[',
    '[[',
    'a',
    '=',
    '"',
    'a = "',
    'a = [',
    'a = {',
    'a = {b',
    ']',
    '\u0000',
    'a = """',
  ])
    t.is(keyLineFinder(invalid)(['nothing']), 1);
});

test('keyLines reads very long strings', (t) => {
  t.is(keyLineFinder(`a = "${'x\\\\'.repeat(200_000)}"\nb = 1`)(['b']), 2);
  t.is(keyLineFinder(`a = """${'x\\\\'.repeat(200_000)}"""\nb = 1`)(['b']), 2);
});
