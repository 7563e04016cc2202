import test from 'ava';
import fc from 'fast-check';
import { accountName, busName, modeText, safeText, udevMatch, udevText } from '../../src/rules/quote.ts';
import { hostileText } from './hostile.ts';

test("udevText escapes udev's substitutions", (t) => {
  t.is(udevText('a$id %k 100%'), 'a$$id %%k 100%%');
});

for (const text of ['"', 'a\\', '\\"', 'a\nb', '\0', '\x7f'])
  test(`udevText and udevMatch reject ${JSON.stringify(text)}`, (t) => {
    t.throws(() => udevText(text), { code: 'policy' });
    t.throws(() => udevMatch([text]), { code: 'policy' });
  });

test('udevMatch joins patterns as alternatives in one string', (t) => {
  t.is(udevMatch(['0000:*', 'a b', '[!0-9]?']), '"0000:*|a b|[!0-9]?"');
  t.throws(() => udevMatch(['a', '']), { code: 'policy' });
});

test('udevMatch rejects non-ASCII characters in a set, since udev compares bytes', (t) => {
  for (const pattern of ['[é]', 'x[aé]', '[a][é]', '[!-é]', '[é-ü]x', '[a\u00a0b]'])
    t.throws(() => udevMatch([pattern]), { code: 'policy' }, pattern);
  t.is(udevMatch(['é[a]é', '[ -~]']), '"é[a]é|[ -~]"');
});

test('errors of quoting name what was found and what to do', (t) => {
  const errors: readonly (readonly [() => string, string])[] = [
    [
      () => udevMatch(['a"']),
      'udev can\'t express the pattern "a\\""; a quote ends the text; write it in another way',
    ],
    [
      () => udevMatch(['x', '[']),
      'udev can\'t express the pattern "["; "[" has no "]"; write [[] for the bracket itself; write it in another way',
    ],
    [
      () => udevMatch(['[é]']),
      'udev can\'t express the set in the pattern "[é]"; udev compares bytes, so only ASCII can stand in a set',
    ],
    [
      () => udevText('a\n'),
      'udev can\'t express the text "a\\n"; leave out quotes, backslashes and control characters',
    ],
    [() => busName('a/b'), 'udev can\'t express the bus "a/b"; name a bus as /sys/bus lists it'],
    [
      () => accountName('a b'),
      'a rule can\'t express the user or group "a b"; use letters, digits, dots, dashes and underscores',
    ],
    [
      () => modeText('rw'),
      'a rule can\'t express the mode "rw"; use three or four octal digits, such as 0660',
    ],
  ];
  for (const [fn, message] of errors) t.throws(fn, { code: 'policy', message });
});

test('safeText sanitizes fixed text part by part', (t) => {
  t.is(safeText('by-x/a b$%"\'{|}/'), 'by-x/a_b_______/');
  t.is(safeText('by-x/é\\x20'), 'by-x/é\\x20');
  t.is(safeText('a'.repeat(300)), undefined);
});

test('safeText output needs no quoting in a rule', (t) => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = safeText(text);
      return safe !== undefined && !/["'\s$%]/.test(safe) && udevText(safe) === safe;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('accountName, modeText and busName accept only plain characters', (t) => {
  t.is(accountName('libvirt-qemu'), 'libvirt-qemu');
  t.is(modeText('660'), '0660');
  t.is(busName('fsl-mc'), 'fsl-mc');
  for (const text of ['', '-x', 'a b', 'a:b', 'a\n', 'a$b', '*']) {
    t.throws(() => accountName(text), { code: 'policy' });
    t.throws(() => modeText(text), { code: 'policy' });
    t.throws(() => busName(`${text}/`), { code: 'policy' });
  }
  for (const bus of ['/pci', '$pci', ':pci', 'pci\n']) t.throws(() => busName(bus), { code: 'policy' });
  t.throws(() => modeText('4755'), { code: 'policy' });
});
