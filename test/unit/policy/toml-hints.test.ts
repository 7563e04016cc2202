import test from 'ava';
import { buildPolicy } from '../../../src/policy/build.ts';
import { formatExcerpt } from '../../../src/policy/diagnostics.ts';
import { excerptOf } from '../../../src/policy/toml-hints.ts';

const hints = test.macro({
  exec(t, text: string, hint: RegExp | undefined) {
    const { errors } = buildPolicy([{ file: '/a.toml', text }]);
    const [error] = errors;
    t.regex(error?.message ?? '', /^bad TOML: /);
    if (hint) t.regex(error?.hint ?? '', hint);
    else t.is(error?.hint, undefined);
  },
  title: (_, text: string, hint: RegExp | undefined) =>
    `the error of ${JSON.stringify(text)} ${hint ? `has the hint ${hint}` : 'has no hint'}`,
});
test(hints, '[names.by-alias]\ngpu = 01:00.0', /^put the text in quotes: gpu = "01:00\.0"$/);
test(hints, '[[access]]\ngroup = kvm # who', /^put the text in quotes: group = "kvm"$/);
test(hints, `[[access]]\ngroup = ${'k'.repeat(100)}`, /^put the text in quotes$/);
test(hints, '[names]\nby-path = yes', /^write by-path = true$/);
test(hints, '[names]\nby-path = Off', /^write by-path = false$/);
test(hints, 'names:\n  by-path: true', /^this looks like YAML/);
test(hints, '[names]\nby-path: true', /^this looks like YAML/);
test(hints, '- name: x', /^this looks like YAML/);
test(hints, '[names]\nby-path = true;', /^remove the ; at the end$/);
test(hints, '[names]\nby-path', /^write by-path = true, or another value$/);
test(hints, '[names]\nby-path =', /^write a value after the =$/);
test(hints, '[names]\nby-path == true', /^write one =$/);
test(hints, '[[link]\nname = "by-x/a"', /^write \[\[table\]\] with two brackets/);
test(hints, '[[link]]\nname = "by-x/a', /^end the text with the quote/);
test(hints, '[names.by-alias]\ngpu = "0000:01:00.0\nnic = "0000:02:00.0"', /^end the text with the quote/);
test(hints, '[names.by-alias]\ngpu = "01:\u0001"', undefined);
test(hints, '[[link]]\nname = "by-x/\\d"', /single quotes/);
test(hints, '[names]\na = 1\na = 2', /^write each key and each \[table\] once/);
test(hints, '[[link]]\nmatch = { bus = "pci"\nname = "by-x/a"', /within \{ \} on one line/);
test(hints, '[nam', /^end the name of the table with \]$/);
test(hints, 'a = [1, 2', undefined);

test('a syntax error has its line and a caret under the place', (t) => {
  const { errors } = buildPolicy([{ file: '/a.toml', text: '\n[names]\nby-path = yes\n' }]);
  t.deepEqual(errors.flatMap(formatExcerpt), ['    3 | by-path = yes', '      |           ^']);
});

test('an excerpt is short and printable, and its caret is under the same character', (t) => {
  t.deepEqual(excerptOf('a\u001b = x', 6), ['a\\x1b = x', '        ^']);
  t.deepEqual(excerptOf('\ta = x\r', 6), [' a = x', '     ^']);
  const [text, caret] = excerptOf(`${'k'.repeat(500)}!${'v'.repeat(500)}`, 501);
  t.true(text.length <= 100);
  t.is(text[caret.length - 1], '!');
  t.deepEqual(excerptOf('', 1), ['', '^']);
});
