import test from 'ava';
import fc from 'fast-check';
import { accountName, busName, modeText, safeText, udevMatch, udevText } from '../../src/rules/quote.ts';
import { hostileText } from './hostile.ts';

test('what udev would substitute stands for itself', (t) => {
  t.is(udevText('a$id %k 100%'), 'a$$id %%k 100%%');
});

for (const text of ['"', 'a\\', '\\"', 'a\nb', '\0', '\x7f'])
  test(`${JSON.stringify(text)} can't stand in a string of udev's`, (t) => {
    t.throws(() => udevText(text), { code: 'policy' });
    t.throws(() => udevMatch([text]), { code: 'policy' });
  });

test('patterns are alternatives in one string', (t) => {
  t.is(udevMatch(['0000:*', 'a b', '[!0-9]?']), '"0000:*|a b|[!0-9]?"');
  t.throws(() => udevMatch(['a', '']), { code: 'policy' });
});

test('fixed text is made safe part by part, as names are', (t) => {
  t.is(safeText('by-x/a b$%"\'{|}/'), 'by-x/a_b_______/');
  t.is(safeText('by-x/é\\x20'), 'by-x/é\\x20');
  t.is(safeText('a'.repeat(300)), undefined);
});

test('safe text always has a place in a rule, and ends no quotes', (t) => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = safeText(text);
      return safe !== undefined && !/["'\s$%]/.test(safe) && udevText(safe) === safe;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('accounts, modes and buses are of plain characters', (t) => {
  t.is(accountName('libvirt-qemu'), 'libvirt-qemu');
  t.is(modeText('660'), '0660');
  t.is(busName('fsl-mc'), 'fsl-mc');
  for (const text of ['', '-x', 'a b', 'a:b', 'a\n', 'a$b', '*']) {
    t.throws(() => accountName(text), { code: 'policy' });
    t.throws(() => modeText(text), { code: 'policy' });
    t.throws(() => busName(`${text}/`), { code: 'policy' });
  }
  t.throws(() => modeText('4755'), { code: 'policy' });
});
