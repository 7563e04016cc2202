/** The machine in the native programs. */

import * as syscalls from 'qjs:syscalls';
import { openNotify } from '../notify.ts';
import type { System } from '../system.ts';
import { systemClock } from './clock.ts';
import { quickjsFiles } from './files.ts';
import { quickjsFilesBelow } from './files-below.ts';
import { gunzip } from './inflate.ts';
import { nodeCalls } from './nodes.ts';
import { quickjsProcess } from './process.ts';
import { run, startWorker } from './programs.ts';
import { canConnect, openDatagrams } from './socket.ts';
import { startWatcher } from './watcher.ts';

export const quickjsSystem: System = {
  files: quickjsFiles,
  loadExchange: async () => {},
  filesBelow: async (root) => quickjsFilesBelow(root),
  nodes: nodeCalls,
  clock: systemClock,
  process: quickjsProcess,
  programs: {
    run,
    startWorker,
  },
  loadWatcher: async () => startWatcher,
  openNotify: (onError) =>
    openNotify({
      env: quickjsProcess.env,
      pid: syscalls.getpid(),
      clock: systemClock,
      onError,
      open: async () => openDatagrams(),
    }),
  canConnect: async (path) => canConnect(path),
  gunzip,
};
