import * as fs from 'node:fs';
import test from 'ava';
import { mostSevereStatus } from '../../../src/probe/explain.ts';
import { peerCommand, tokenBytes } from '../../../src/probe/protocol.ts';
import { askTerminal } from '../../../src/system/node/terminal.ts';
import { fakeRoot } from '../../support/fake-root.ts';

test('tokenBytes returns the bytes in written order', (t) => {
  t.is(
    tokenBytes('bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3')?.toString('hex'),
    'bd8d9d2b5a5f4f5aa211f591514ba1f3',
  );
  t.is(tokenBytes(undefined), undefined);
});

test('worstStatus returns the most severe status, in the order 3, 5, 4, 1, 0', (t) => {
  t.is(mostSevereStatus([]), 0);
  t.is(mostSevereStatus([0, 0]), 0);
  t.is(mostSevereStatus([0, 1]), 1);
  t.is(mostSevereStatus([1, 4, 0]), 4);
  t.is(mostSevereStatus([4, 5, 1]), 5);
  t.is(mostSevereStatus([5, 3, 4]), 3);
});

test('peerCommand uses the built program in the same directory, or else the source', (t) => {
  const root = fakeRoot(t);
  t.is(peerCommand(root.at('/dist')).args.at(-1), `${root.at('/dist')}/worker-main.ts`);
  root.write('/dist/probe-worker.cjs', '');
  t.is(peerCommand(root.at('/dist')).args.at(-1), root.at('/dist/probe-worker.cjs'));
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
