import test from 'ava';
import fc from 'fast-check';
import { quoteFish, quoteZshArgument } from '../../../packaging/manual/quote.ts';
import { operandsOf, roff, verbatim } from '../../../packaging/manual/roff.ts';

test('roff escapes characters that troff would replace', (t) => {
  t.is(roff('a-b'), 'a\\-b');
  t.is(roff(`it's "x" ^ ~ \``), 'it\\(aqs \\(dqx\\(dq \\(ha \\(ti \\(ga');
  t.is(roff('a\\b'), 'a\\eb');
  t.is(verbatim('é'), '\\[u00E9]');
});

test('roff starts each sentence on a new line and escapes requests', (t) => {
  t.is(roff('One. Two'), 'One.\nTwo');
  t.is(verbatim('.x\n.y'), '\\&.x\n\\&.y');
  t.is(verbatim("'x"), '\\(aqx');
});

test('roff returns no requests and only known escapes', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const page = roff(text);
      t.notRegex(page, /^[.']/m);
      t.notRegex(page, /[^\0-\x7f]/);
      t.notRegex(page.replace(/\\(?:e|-|&|\((?:aq|ga|ha|ti|dq)|\[u[0-9A-F]{4,6}\])/g, ''), /\\/);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('operandsOf prints words in capitals in italics', (t) => {
  t.is(operandsOf('[NAME...] -- CMD...'), '[\\fINAME\\fR...] \\-\\- \\fICMD\\fR...');
});

test('quoteFish and quoteZshArgument quote text for fish and for _arguments of zsh', (t) => {
  t.is(quoteFish("it's \\"), "'it\\'s \\\\'");
  t.is(quoteZshArgument("it's [a]: b"), "it'\\''s \\[a\\]\\: b");
});
