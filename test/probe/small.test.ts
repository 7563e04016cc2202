import * as fs from 'node:fs';
import test from 'ava';
import { askTerminal } from '../../src/probe/ask-terminal.ts';
import { peerCommand } from '../../src/probe/peer-command.ts';
import { mostSevereStatus } from '../../src/probe/worst.ts';
import { fakeRoot } from '../helpers/fake-root.ts';

test('worstStatus returns the most severe status, in the order 3, 5, 4, 1, 0', (t) => {
  t.is(mostSevereStatus([]), 0);
  t.is(mostSevereStatus([0, 0]), 0);
  t.is(mostSevereStatus([0, 1]), 1);
  t.is(mostSevereStatus([1, 4, 0]), 4);
  t.is(mostSevereStatus([4, 5, 1]), 5);
  t.is(mostSevereStatus([5, 3, 4]), 3);
});

test('callerCommand uses the built program in the same directory, or else the source', (t) => {
  const root = fakeRoot(t);
  t.is(peerCommand(root.at('/dist')).args.at(-1), `${root.at('/dist')}/../caller.ts`);
  root.write('/dist/caller.cjs', '');
  t.is(peerCommand(root.at('/dist')).args.at(-1), root.at('/dist/caller.cjs'));
  t.true(fs.existsSync(peerCommand().args.at(-1) ?? ''));
});

test('askTerminal writes the question to the terminal and returns the next line', (t) => {
  const root = fakeRoot(t);
  root.write('/dev/tty', '????yes\nrest');
  t.is(askTerminal('Go? ', root.at('/dev/tty')), 'yes');
  t.regex(fs.readFileSync(root.at('/dev/tty'), 'utf8'), /^Go\? yes/);
});

test('askTerminal returns an empty string without a terminal', (t) => {
  t.is(askTerminal('Go? ', fakeRoot(t).at('/dev/tty')), '');
});
