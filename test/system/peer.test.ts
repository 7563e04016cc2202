import { execPath } from 'node:process';
import test from 'ava';
import { type Peer, startPeer } from '../../src/system/peer.ts';

const ready = `const say = (line) => require('fs').writeSync(1, line + '\\n'); say('ready');`;
const onLine = (act: string): string =>
  `${ready} require('readline').createInterface(process.stdin).on('line', (line) => { ${act} });`;

function peerOf(t: { teardown(act: () => void): void }, script: string, limit = 60_000): Peer {
  const peer = startPeer({ file: execPath, args: ['-e', script] }, limit);
  t.teardown(() => peer.close());
  return peer;
}

test('a question gets its answer, and the next one comes from the same process', async (t) => {
  const peer = peerOf(t, onLine(`say('answer ' + JSON.stringify([process.pid, JSON.parse(line)]))`));
  const [one, two] = [await peer.ask({ a: 1 }), await peer.ask('b')];
  if (one.kind !== 'answer' || two.kind !== 'answer') return t.fail(JSON.stringify([one, two]));
  const [[pid, said], [again, also]] = [one.value as [number, unknown], two.value as [number, unknown]];
  t.deepEqual([said, also, again], [{ a: 1 }, 'b', pid]);
});

test('a step that takes too long costs the process, and the reply names the step', async (t) => {
  // Reads at once, so that nothing but the step takes time.
  const script = `${ready} const bytes = Buffer.alloc(9);
    if (bytes[0 * require('fs').readSync(0, bytes)] === 0x31) return say('answer ' + process.pid);
    say('step open node'); say('step VFIO_DEVICE_BIND_IOMMUFD'); for (;;);`;
  const peer = peerOf(t, `(() => { ${script} })()`, 1000);
  t.deepEqual(await peer.ask(2), { kind: 'silent', step: 'VFIO_DEVICE_BIND_IOMMUFD' });
  // The process that hung is gone: another one answers.
  t.is((await peer.ask(1)).kind, 'answer');
});

test('a process that ends is told with what it said last', async (t) => {
  const peer = peerOf(
    t,
    onLine(`process.stderr.write('one\\nlast words\\n'); process.exitCode = 3; process.stdin.destroy()`),
  );
  t.deepEqual(await peer.ask(1), { kind: 'broken', message: 'it ended with status 3: last words' });
});

test('a process that is killed is told by its signal', async (t) => {
  const peer = peerOf(t, onLine(`process.kill(process.pid, 'SIGKILL')`));
  t.deepEqual(await peer.ask(1), { kind: 'broken', message: 'it ended with SIGKILL' });
});

test('a program that is not there is told', async (t) => {
  const peer = startPeer({ file: '/nonexistent/node', args: [] }, 1000);
  const reply = await peer.ask(1);
  t.is(reply.kind, 'broken');
  t.regex(reply.kind === 'broken' ? reply.message : '', /ENOENT/);
});

test('a request that failed on the other side is told', async (t) => {
  const peer = peerOf(t, onLine(`say('failed "no such thing"')`));
  t.deepEqual(await peer.ask(1), { kind: 'broken', message: 'no such thing' });
});

test('a closed peer starts anew with the next question', async (t) => {
  const peer = peerOf(t, onLine(`say('answer ' + process.pid)`));
  const first = await peer.ask(1);
  peer.close();
  t.notDeepEqual(await peer.ask(1), first);
});
