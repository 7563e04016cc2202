import test from 'ava';
import { type Handler, serveRequests } from '../../../src/system/worker-protocol.ts';

/** Returns the lines that serveRequests writes when it reads these chunks one after the other, each into the same memory. */
function serve(handler: Handler, chunks: readonly (string | Uint8Array)[]): string[] {
  const remaining = chunks.map((chunk) => Buffer.from(chunk));
  const memory = Buffer.alloc(Math.max(0, ...remaining.map(({ length }) => length)));
  let out = '';
  serveRequests(handler, {
    read: () => memory.subarray(0, remaining.shift()?.copy(memory) ?? 0),
    write: (text) => {
      out += text;
    },
  });
  return out.split('\n').slice(0, -1);
}

test('serveRequests writes ready and answers each line', (t) => {
  t.deepEqual(
    serve((request) => ({ got: request }), ['1\n"two"\n']),
    ['ready', 'answer {"got":1}', 'answer {"got":"two"}'],
  );
});

test('serveRequests accepts a request in chunks that split a character', (t) => {
  const line = Buffer.from('"ä"\n');
  t.deepEqual(
    serve((request) => request, [line.subarray(0, 2), line.subarray(2)]),
    ['ready', 'answer "ä"'],
  );
});

test('serveRequests writes steps before the answer', (t) => {
  const handler: Handler = (_request, announce) => {
    announce('open node');
    announce('close');
    return true;
  };
  t.deepEqual(serve(handler, ['0\n']), ['ready', 'step open node', 'step close', 'answer true']);
});

test('serveRequests fails only the request whose handler throws', (t) => {
  const handler: Handler = (request) => {
    if (request === 1) throw new Error('one\nis too small');
    return request;
  };
  t.deepEqual(serve(handler, ['1\n2\n']), ['ready', 'failed "one\\nis too small"', 'answer 2']);
});

test('serveRequests fails a line that is not JSON and continues', (t) => {
  const [ready, failed, answer] = serve((request) => request, ['{\n3\n']);
  t.deepEqual([ready, failed?.split(' ')[0], answer], ['ready', 'failed', 'answer 3']);
});

test('serveRequests ends when the pipe is closed', (t) => {
  t.deepEqual(
    serve((request) => request, []),
    ['ready'],
  );
});
