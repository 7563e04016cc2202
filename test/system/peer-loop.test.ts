import test from 'ava';
import { type Handler, servePeer } from '../../src/system/peer-loop.ts';

/** What is written when these pieces are read one after the other. */
function served(handler: Handler, pieces: readonly (string | Uint8Array)[]): string[] {
  const rest = pieces.map((piece) => Buffer.from(piece));
  let out = '';
  servePeer(handler, {
    read: () => rest.shift() ?? Buffer.alloc(0),
    write: (text) => {
      out += text;
    },
  });
  return out.split('\n').slice(0, -1);
}

test('it says that it is ready, and answers each line', (t) => {
  t.deepEqual(
    served((request) => ({ got: request }), ['1\n"two"\n']),
    ['ready', 'answer {"got":1}', 'answer {"got":"two"}'],
  );
});

test('a request may come in pieces, even inside a character', (t) => {
  const line = Buffer.from('"ä"\n');
  t.deepEqual(
    served((request) => request, [line.subarray(0, 2), line.subarray(2)]),
    ['ready', 'answer "ä"'],
  );
});

test('steps are written before the answer', (t) => {
  const handler: Handler = (_request, announce) => {
    announce('open node');
    announce('close');
    return true;
  };
  t.deepEqual(served(handler, ['0\n']), ['ready', 'step open node', 'step close', 'answer true']);
});

test('a handler that throws fails its own request only', (t) => {
  const handler: Handler = (request) => {
    if (request === 1) throw new Error('one\nis too small');
    return request;
  };
  t.deepEqual(served(handler, ['1\n2\n']), ['ready', 'failed "one\\nis too small"', 'answer 2']);
});

test('a line that is no JSON is failed, not fatal', (t) => {
  const [ready, failed, answer] = served((request) => request, ['{\n3\n']);
  t.deepEqual([ready, failed?.split(' ')[0], answer], ['ready', 'failed', 'answer 3']);
});

test('it ends with its pipe', (t) => {
  t.deepEqual(
    served((request) => request, []),
    ['ready'],
  );
});
