import * as fs from 'node:fs';
import test from 'ava';
import { askTerminal } from '../../../../src/system/node/terminal.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

test('askTerminal writes the question to the terminal and returns the next line', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/tty', '????yes\nrest');
  t.is(askTerminal('Go? ', root.at('/dev/tty')), 'yes');
  t.regex(fs.readFileSync(root.at('/dev/tty'), 'utf8'), /^Go\? yes/);
});

test('askTerminal returns an empty string without a terminal', (t) => {
  t.is(askTerminal('Go? ', fakeRoot(t).at('/dev/tty')), '');
});
