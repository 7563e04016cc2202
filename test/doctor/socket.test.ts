import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { canConnect, isListening } from '../../src/doctor/socket.ts';
import { nodeFiles } from '../../src/system/node-files.ts';

const listenOn = (path: string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((client) => client.destroy());
    server.listen(path, () => resolve(server));
  });

test('connects is true while a server listens, and false if only the socket file is left', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-socket-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'control');
  t.false(await canConnect(path));
  const server = await listenOn(`${path}.new`);
  // close() unlinks the path that was passed to listen(); rename it so that the socket file stays.
  renameSync(`${path}.new`, path);
  t.true(await canConnect(path));
  await new Promise((resolve) => server.close(resolve));
  t.is(nodeFiles.lstat(path).kind, 'socket');
  t.false(await canConnect(path));
  t.false(await isListening(nodeFiles, directory, '/control'));
});

test('answers returns true if /proc/net/unix lists the socket as listening', async (t) => {
  const table = '0: 00000002 00000000 00010000 0005 01 1 /run/udev/control\n';
  t.true(await isListening({ ...nodeFiles, read: () => table }, '/no/such/root', '/run/udev/control'));
});
