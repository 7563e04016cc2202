import test from 'ava';
import type { Files } from '../../../src/system/files.ts';
import { nodeFiles } from '../../../src/system/node/files.ts';
import { nodeSystem } from '../../../src/system/node/system.ts';
import { isUdevRunning, reloadUdev } from '../../../src/udev/udevadm.ts';

test('reloadUdev reloads the rules, triggers existing devices, and waits for udev', (t) => {
  const calls: string[] = [];
  t.deepEqual(
    reloadUdev((program, args) => calls.push([program, ...args].join(' '))),
    [],
  );
  t.deepEqual(calls, [
    'udevadm control --reload',
    'udevadm control --reload',
    'udevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change',
    'udevadm trigger --subsystem-match=misc --sysname-match=iommu --action=change',
    'udevadm settle --timeout=30',
  ]);
});

test('reloadUdev returns a line for each failed call, once, and continues', (t) => {
  const lines = reloadUdev((_, args) => {
    if (args[0] === 'control') throw Object.assign(new Error(), { code: 'ENOENT' });
    throw Object.assign(new Error(), { status: 1 });
  });
  t.is(lines.length, 4);
  t.regex(lines[0] ?? '', /^udevadm control --reload failed: ENOENT; /);
  t.regex(lines[1] ?? '', /^udevadm trigger .* failed: status 1; /);
});

test('programs.run runs a program without a shell and throws if it fails', (t) => {
  t.notThrows(() => nodeSystem.programs.run('true', ['$(false)', '; false']));
  t.throws(() => nodeSystem.programs.run('false', []));
});

test('isUdevRunning is false below another root', (t) => {
  const files: Files = { ...nodeFiles, stat: () => nodeFiles.stat('/') };
  t.true(isUdevRunning(files, ''));
  t.false(isUdevRunning(files, '/some/root'));
  const withoutUdev: Files = {
    ...nodeFiles,
    stat: () => {
      throw Object.assign(new Error(), { code: 'ENOENT' });
    },
  };
  t.false(isUdevRunning(withoutUdev, ''));
});
