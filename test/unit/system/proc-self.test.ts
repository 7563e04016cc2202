import test from 'ava';
import { nodeFiles } from '../../../src/system/node/files.ts';
import {
  hasTerminal,
  parseThreadStatus,
  readDescriptors,
  readThreadStatus,
  startingOpenFilesLimit,
} from '../../../src/system/proc-self.ts';
import { errnoError } from '../../support/hooked-files.ts';

const status = `Name:\tnode
Uid:\t1000\t1000\t1000\t0
Gid:\t1000\t1000\t1000\t1000
Groups:\t4 1000 
SigBlk:\t0000000000000001
SigIgn:\t0000000001001000
CapInh:\t0000000000000000
CapPrm:\t000001ffffffffff
CapEff:\t0000000000000000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000001
Seccomp:\t0
`;

test('parseThreadStatus returns ids, groups, capabilities and signals', (t) => {
  t.deepEqual(parseThreadStatus(status), {
    uids: [1000, 1000, 1000, 0],
    gids: [1000, 1000, 1000, 1000],
    groups: [4, 1000],
    capabilities: [0n, 0x1ffffffffffn, 0n, 1n],
    signals: 0x1001001n,
    filtered: false,
  });
  t.true(parseThreadStatus(status.replace('Seccomp:\t0', 'Seccomp:\t2')).filtered);
  t.deepEqual(parseThreadStatus(status.replace(/Groups.*/, 'Groups:\t ')).groups, []);
});

test('parseThreadStatus fails if a line is missing', (t) => {
  for (const key of ['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapAmb', 'SigBlk', 'SigIgn'])
    t.throws(() => parseThreadStatus(status.replace(new RegExp(`^${key}:.*\\n`, 'm'), '')), {
      message: `no ${key} in /proc/thread-self/status`,
    });
});

test('readThreadStatus reads the ids of this process', (t) => {
  const { uids, gids } = readThreadStatus(nodeFiles);
  t.is(uids[1], process.geteuid?.());
  t.is(gids[1], process.getegid?.());
});

test('readDescriptors returns the flags in ascending order, without a descriptor that was closed', (t) => {
  const flags: Readonly<Record<string, string>> = { 0: '0100002', 17: '02100000', 3: '02004002' };
  const files = {
    ...nodeFiles,
    readdir: () => ['0', '17', '3', '18'],
    read: (path: string): string => {
      const found = flags[path.slice('/proc/self/fdinfo/'.length)];
      if (found === undefined) throw errnoError('ENOENT');
      return `pos:\t0\nflags:\t${found}\nmnt_id:\t31\nino:\t1\n`;
    },
  };
  t.deepEqual(readDescriptors(files), [
    { fd: 0, closeOnExec: false, nonblocking: false },
    { fd: 3, closeOnExec: true, nonblocking: true },
    { fd: 17, closeOnExec: true, nonblocking: false },
  ]);
});

test('the limit of open files at the start is that of the parent, or 1024 if the parent has another hard limit', (t) => {
  const limits = (soft: number, hard: number) => `Max open files            ${soft}   ${hard}   files\n`;
  const starting = (own: string, parent?: string) =>
    startingOpenFilesLimit(
      {
        ...nodeFiles,
        read: (path) => {
          const text = path === '/proc/self/limits' ? own : parent;
          if (text === undefined) throw errnoError('ENOENT');
          return text;
        },
      },
      7,
    );
  t.is(starting(limits(4096, 4096), limits(256, 4096)), 256);
  t.is(starting(limits(4096, 4096), limits(256, 9999)), 1024);
  t.is(starting(limits(512, 512)), 512);
  t.is(starting(limits(256, 4096), limits(300, 4096)), undefined, 'not raised');
  t.is(starting(''), undefined);
});

test('hasTerminal reads the controlling terminal after a name that may contain parentheses', (t) => {
  const read = (text: string) => hasTerminal({ ...nodeFiles, read: () => text });
  t.true(read('12 (node) S 1 12 12 34816 12 4194304'));
  t.true(read('12 (a) b) (c d) S 1 12 12 34816 12 4194304'));
  t.false(read('12 (node) S 1 12 12 0 -1 4194304'));
  t.is(typeof hasTerminal(nodeFiles), 'boolean');
});
