import test from 'ava';
import { applyRules, execFile, udevRuns } from '../../src/rules/udev-control.ts';
import type { Files } from '../../src/system/files.ts';
import { nodeFiles } from '../../src/system/node-files.ts';

test('rules are reloaded, then applied to the nodes that are there', (t) => {
  const calls: string[] = [];
  t.deepEqual(
    applyRules((program, words) => calls.push([program, ...words].join(' '))),
    [],
  );
  t.deepEqual(calls, [
    'udevadm control --reload',
    'udevadm trigger --subsystem-match=vfio-dev --action=change',
    'udevadm trigger --subsystem-match=misc --sysname-match=iommu --action=change',
  ]);
});

test('a call that fails is a line, and stops no other', (t) => {
  const lines = applyRules((_, words) => {
    if (words[0] === 'control') throw Object.assign(new Error(), { code: 'ENOENT' });
    throw Object.assign(new Error(), { status: 1 });
  });
  t.is(lines.length, 3);
  t.regex(lines[0] ?? '', /^udevadm control --reload failed: ENOENT; /);
  t.regex(lines[1] ?? '', /^udevadm trigger .* failed: status 1; /);
});

test('a program runs without a shell, and its failure is thrown', (t) => {
  t.notThrows(() => execFile('true', ['$(false)', '; false']));
  t.throws(() => execFile('false', []));
});

test('udev runs only on the machine itself', (t) => {
  const files: Files = { ...nodeFiles, stat: () => nodeFiles.stat('/') };
  t.true(udevRuns(files, ''));
  t.false(udevRuns(files, '/some/root'));
  const none: Files = {
    ...nodeFiles,
    stat: () => {
      throw Object.assign(new Error(), { code: 'ENOENT' });
    },
  };
  t.false(udevRuns(none, ''));
});
