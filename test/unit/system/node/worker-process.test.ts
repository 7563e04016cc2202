import * as fs from 'node:fs';
import { execPath } from 'node:process';
import test from 'ava';
import { startWorker, workerCommand } from '../../../../src/system/node/worker-process.ts';
import type { Worker } from '../../../../src/system/programs.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

const ready = `const say = (line) => require('fs').writeSync(1, line + '\\n'); say('ready');`;
const onLine = (code: string): string =>
  `${ready} require('readline').createInterface(process.stdin).on('line', (line) => { ${code} });`;

function peerOf(t: { teardown(fn: () => void): void }, script: string, limit = 60_000): Worker {
  const peer = startWorker({ file: execPath, args: ['-e', script] }, limit);
  t.teardown(() => peer.close());
  return peer;
}

test('startWorker answers two requests from the same process', async (t) => {
  const peer = peerOf(t, onLine(`say('answer ' + JSON.stringify([process.pid, JSON.parse(line)]))`));
  const [first, second] = [await peer.request({ a: 1 }), await peer.request('b')];
  if (first.kind !== 'answer' || second.kind !== 'answer') return t.fail(JSON.stringify([first, second]));
  const [[pid, request], [secondPid, secondRequest]] = [
    first.value as [number, unknown],
    second.value as [number, unknown],
  ];
  t.deepEqual([request, secondRequest, secondPid], [{ a: 1 }, 'b', pid]);
});

test('startWorker kills the process after a step that exceeds the limit, and the reply names the step', async (t) => {
  // Uses readSync, so that only the step takes time.
  const script = `${ready} const bytes = Buffer.alloc(9);
    if (bytes[0 * require('fs').readSync(0, bytes)] === 0x31) return say('answer ' + process.pid);
    say('step open node'); say('step VFIO_DEVICE_BIND_IOMMUFD'); for (;;);`;
  const peer = peerOf(t, `(() => { ${script} })()`, 1000);
  t.deepEqual(await peer.request(2), { kind: 'timeout', step: 'VFIO_DEVICE_BIND_IOMMUFD' });
  // The process that hung was replaced with a new one, which answers.
  t.is((await peer.request(1)).kind, 'answer');
});

test('startWorker reports a process that ends with its status and its last line on stderr', async (t) => {
  const peer = peerOf(
    t,
    onLine(`process.stderr.write('one\\nlast words\\n'); process.exitCode = 3; process.stdin.destroy()`),
  );
  t.deepEqual(await peer.request(1), { kind: 'failed', message: 'it ended with status 3: last words' });
});

test('startWorker reports a process that is killed with its signal', async (t) => {
  const peer = peerOf(t, onLine(`process.kill(process.pid, 'SIGKILL')`));
  t.deepEqual(await peer.request(1), { kind: 'failed', message: 'it ended with SIGKILL' });
});

test('startWorker reports a program that does not exist', async (t) => {
  const peer = startWorker({ file: '/nonexistent/node', args: [] }, 1000);
  const reply = await peer.request(1);
  t.is(reply.kind, 'failed');
  t.regex(reply.kind === 'failed' ? reply.message : '', /ENOENT/);
});

test('startWorker reports a request that failed in the process', async (t) => {
  const peer = peerOf(t, onLine(`say('failed "no such thing"')`));
  t.deepEqual(await peer.request(1), { kind: 'failed', message: 'no such thing' });
});

for (const line of ['answer {', 'answer', 'failed no quotes', 'a warning of a library', 'READY', ''])
  test(`startWorker fails the request at the line ${JSON.stringify(line)}, which is not of the protocol`, async (t) => {
    const peer = peerOf(t, onLine(`say(${JSON.stringify(line)}); say('answer 1')`));
    const reply = await peer.request(1);
    t.is(reply.kind, 'failed');
    t.is(reply.kind === 'failed' ? reply.message : '', `it wrote a line of another kind: ${line}`);
  });

test('startWorker escapes and shortens a line that is not of the protocol, and does not wait for its end', async (t) => {
  const coloured = await peerOf(t, onLine(`say('\\x1b[31m')`)).request(1);
  t.deepEqual(coloured, { kind: 'failed', message: 'it wrote a line of another kind: \\x1b[31m' });
  const endless = await peerOf(
    t,
    onLine(`const text = 'x'.repeat(1 << 16); for (let n = 0; n < 200; n++) process.stdout.write(text)`),
  ).request(1);
  t.is(
    endless.kind === 'failed' ? endless.message.length : 0,
    'it wrote a line of another kind: '.length + 200,
  );
});

test('startWorker starts a new process with the next request after close', async (t) => {
  const peer = peerOf(t, onLine(`say('answer ' + process.pid)`));
  const first = await peer.request(1);
  peer.close();
  t.notDeepEqual(await peer.request(1), first);
});

test('workerCommand uses the built program in the same directory, or else the source', (t) => {
  const root = fakeRoot(t);
  t.is(workerCommand(root.at('/dist')).args.at(-1), `${root.at('/dist')}/../../probe/worker-main.ts`);
  root.write('/dist/probe-worker.cjs', '');
  t.is(workerCommand(root.at('/dist')).args.at(-1), root.at('/dist/probe-worker.cjs'));
  t.true(fs.existsSync(workerCommand().args.at(-1) ?? ''));
});
