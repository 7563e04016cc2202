import test from 'ava';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { inheritedFds, isForeground, isForegroundStat } from '../../../src/system/proc-self.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';

test('inheritedFds returns descriptors above 2 without close-on-exec, and none if /proc is missing', (t) => {
  const flags: Readonly<Record<string, string>> = {
    0: '0100002',
    2: '0100001',
    9: '0100000',
    17: '02100000',
    250: '0100001',
    3: '02000002',
  };
  const files = {
    ...nodeFiles,
    readdir: () => ['0', '17', '2', '250', '3', '9', '18'],
    read: (path: string): string => {
      const found = flags[path.slice('/proc/self/fdinfo/'.length)];
      if (found === undefined) throw errnoError('ENOENT');
      return `pos:\t0\nflags:\t${found}\nmnt_id:\t31\nino:\t1\n`;
    },
  };
  t.deepEqual(inheritedFds(files), [9, 250]);
  const noProc = hookedFiles(() => {
    throw errnoError('ENOENT');
  });
  t.deepEqual(inheritedFds(noProc), []);
});

test('the foreground check compares the process group with the foreground process group of the terminal', (t) => {
  t.true(isForegroundStat('12 (node) S 1 12 12 34816 12 4194304'));
  t.false(isForegroundStat('12 (node) S 1 12 12 34816 99 4194304'));
  t.false(isForegroundStat('12 (node) S 1 12 12 0 -1 4194304'));
  t.true(isForegroundStat('12 (a) b) (c d) S 1 12 12 34816 12 4194304'));
  t.false(isForegroundStat(''));
  t.is(typeof isForeground(nodeFiles), 'boolean');
  const noProc = hookedFiles(() => {
    throw errnoError('ENOENT');
  });
  t.false(isForeground(noProc));
});
