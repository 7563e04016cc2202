/** The machine on Node. Modules of Node that only some commands use are loaded at their first use, as are koffi and chokidar. */

import { errnoOf } from '../../errors.ts';
import { systemFilesBelow } from '../files-below.ts';
import { openNotify } from '../notify.ts';
import { startingOpenFilesLimit } from '../proc-self.ts';
import { RUN_LIMIT } from '../programs.ts';
import type { System } from '../system.ts';
import { systemClock } from './clock.ts';
import { nodeFiles, setExchange } from './files.ts';
import { nodeCalls } from './nodes.ts';
import { askTerminal } from './terminal.ts';
import { startWorker, workerCommand } from './worker-process.ts';

export const nodeSystem: System = {
  files: nodeFiles,
  filesBelow: async (root) =>
    systemFilesBelow(nodeFiles, root, await (await import('./libc.ts')).loadOpenBeneath()),
  nodes: nodeCalls,
  clock: systemClock,
  process: {
    env: process.env,
    token: () => `${process.pid}-${process.getBuiltinModule('node:crypto').randomBytes(4).toString('hex')}`,
    handleSignals: (handlers) => {
      const entries = Object.entries(handlers);
      for (const [name, handler] of entries) process.on(name, handler);
      return () => {
        for (const [name, handler] of entries) process.off(name, handler);
      };
    },
    loadExecCalls: async () => (await import('./exec-calls.ts')).loadExecCalls(),
    startingOpenFilesLimit: () => startingOpenFilesLimit(nodeFiles, process.ppid),
    ask: askTerminal,
  },
  programs: {
    run: (program, args) => {
      process.getBuiltinModule('node:child_process').execFileSync(program, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: RUN_LIMIT,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      });
    },
    startWorker: (stepLimit) => startWorker(workerCommand(), stepLimit),
  },
  loadExchange: async () => {
    const call = await (await import('./libc.ts')).loadExchange();
    if (call) setExchange(call);
  },
  loadWatcher: async () => (await import('./watcher.ts')).startWatcher,
  openNotify: (onError) =>
    openNotify({
      env: process.env,
      pid: process.pid,
      clock: systemClock,
      onError,
      open: async () => (await import('./libc.ts')).openDatagrams(),
    }),
  canConnect,
  gunzip: (bytes, limit) =>
    process.getBuiltinModule('node:zlib').gunzipSync(bytes, { maxOutputLength: limit }).toString('utf8'),
};

/**
 * Connects and disconnects. EPROTOTYPE counts as success: a socket of another type listens (udevd's is
 * SOCK_SEQPACKET).
 */
function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = process.getBuiltinModule('node:net').connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoOf(error) === 'EPROTOTYPE'));
  });
}
