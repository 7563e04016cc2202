import test from 'ava';
import fc from 'fast-check';
import { plural, wrap } from '../../../src/text/prose.ts';

test('wrap puts a short text on one line after the first prefix', (t) => {
  t.deepEqual(wrap('two words', { indent: 4, first: '  a ' }), ['  a two words']);
});

test('wrap fills lines up to 80 columns', (t) => {
  const word = 'x'.repeat(39);
  t.deepEqual(wrap(`${word} ${word}y z`), [`${word} ${word}y`, 'z']);
  t.deepEqual(wrap(`${word} ${word}yy z`, { indent: 2 }), [word, `  ${word}yy z`]);
});

test('wrap fills lines up to the given width, and drops superfluous spaces', (t) => {
  t.deepEqual(wrap('one two three', { width: 7 }), ['one two', 'three']);
  t.deepEqual(wrap(' one  two ', { width: 7 }), ['one two']);
  t.deepEqual(wrap('', { width: 5 }), ['']);
});

test('wrap puts a word longer than a line on a line of its own', (t) => {
  const long = 'x'.repeat(100);
  t.deepEqual(wrap(`a ${long} b`), ['a', long, 'b']);
  t.deepEqual(wrap('toolongaword b', { width: 5 }), ['toolongaword', 'b']);
});

test('wrap keeps all words in order, and each line fits or is one word', (t) => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,90}$/), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.nat(20), (list, indent) => {
      const lines = wrap(list.join(' '), { indent });
      t.deepEqual(lines.join(' ').split(/\s+/).filter(Boolean), list);
      for (const line of lines) t.true(line.length <= 80 || !line.trim().includes(' '));
    }),
    { numRuns: 100 },
  );
});

test('plural adds an s unless the number is 1', (t) => {
  t.deepEqual(
    [0, 1, 2].map((number) => plural(number, 'name')),
    ['0 names', '1 name', '2 names'],
  );
});
