import test from 'ava';
import fc from 'fast-check';
import { LINE_WIDTH, wrap } from '../../../src/text/wrap.ts';

test('wrap puts a short text on one line after the first prefix', (t) => {
  t.is(wrap('two words', 4, '  a '), '  a two words');
});

test('wrap fills lines up to 80 columns', (t) => {
  const word = 'x'.repeat(39);
  t.is(wrap(`${word} ${word}y z`), `${word} ${word}y\nz`);
  t.is(wrap(`${word} ${word}yy z`, 2), `${word}\n  ${word}yy z`);
});

test('wrap puts a word longer than a line on a line of its own', (t) => {
  const long = 'x'.repeat(100);
  t.is(wrap(`a ${long} b`), `a\n${long}\nb`);
});

test('wrap keeps all words in order, and each line fits or is one word', (t) => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,90}$/), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.nat(20), (list, indent) => {
      const text = wrap(list.join(' '), indent);
      t.deepEqual(text.split(/\s+/).filter(Boolean), list);
      for (const line of text.split('\n')) t.true(line.length <= LINE_WIDTH || !line.trim().includes(' '));
    }),
    { numRuns: 100 },
  );
});
