import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import test from 'ava';
import { nodeCalls } from '../../../../src/system/node/nodes.ts';
import { canUseNodes, fakeRoot } from '../../../support/fake-root.ts';
import { canUnshare } from '../../../support/permitted.ts';

test('hold and open lead to the node itself, and do not follow a link', async (t) => {
  const held = nodeCalls.hold('open node', '/dev/null');
  t.like(nodeCalls.status('fstat node', held), { kind: 'char', devnum: '1:3' });
  t.throws(() => fs.readSync(held, Buffer.alloc(1)), { code: 'EBADF' }, 'O_PATH');
  const fd = await nodeCalls.open('open node', held, 5000);
  t.is(fs.readSync(fd, Buffer.alloc(1)), 0);
  nodeCalls.close(fd);
  nodeCalls.close(held);
  t.throws(() => fs.fstatSync(fd), { code: 'EBADF' });
  const root = fakeRoot(t);
  root.linkWithTarget('/null', '/dev/null');
  const link = nodeCalls.hold('open node', root.at('/null'));
  t.like(nodeCalls.status('fstat node', link), { kind: 'symlink' });
  await t.throwsAsync(nodeCalls.open('open node', link, 5000), { message: 'open node: ELOOP' });
  nodeCalls.close(link);
  t.throws(() => nodeCalls.hold('open node', root.at('/none')), { message: 'open node: ENOENT' });
});

test('open leads to the held file after another one has taken its path', async (t) => {
  const root = fakeRoot(t);
  root.write('/node', 'first');
  const held = nodeCalls.hold('open node', root.at('/node'));
  fs.renameSync(root.at('/node'), root.at('/away'));
  root.write('/node', 'second');
  const fd = await nodeCalls.open('open node', held, 5000);
  t.is(fs.readFileSync(fd, 'utf8'), 'first');
  nodeCalls.close(fd);
  nodeCalls.close(held);
});

(canUseNodes() && canUnshare('--mount') ? test : test.skip)(
  'open fails with EACCES on a mount with nodev',
  (t) => {
    const root = fakeRoot(t);
    root.node('/node', '1:3');
    const script = [
      "const { nodeCalls } = require('./src/system/node/nodes.ts');",
      "const held = nodeCalls.hold('open node', process.argv[1]);",
      "nodeCalls.open('open node', held, 5000).then(() => console.log('opened'), (error) => console.log(error.message));",
    ].join('\n');
    const { stdout } = spawnSync(
      'unshare',
      [
        '--mount',
        'sh',
        '-c',
        'mount --bind "$0" "$0" && mount -o remount,bind,nodev "$0" && exec "$@"',
        root.dir,
        ...[process.execPath, '--require', './test/support/require-typescript.cjs', '--eval', script],
        root.at('/node'),
      ],
      { encoding: 'utf8' },
    );
    t.is(stdout, 'open node: EACCES\n');
  },
);
