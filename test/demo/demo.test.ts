import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fakeRoot } from '../support/fake-root.ts';
import { isCheckoutReadable } from '../support/permitted.ts';

const root = join(import.meta.dirname, '../..');
// The demo shows the built program; without a build there is nothing to show.
const built = fs.existsSync(join(root, 'dist/vfio-names.cjs')) ? test : test.skip;

function demo(t: { teardown: (fn: () => void) => void }, options: object = {}) {
  const parent = fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-'));
  t.teardown(() => fs.rmSync(parent, { recursive: true, force: true }));
  fs.chmodSync(parent, 0o777);
  const result = spawnSync(process.execPath, ['--import', 'tsx', 'test/demo/demo.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: parent, NODE_V8_COVERAGE: '' },
    ...options,
  });
  const leftovers = fs.readdirSync(parent).filter((name) => name.startsWith('vfio-names-demo-'));
  return { ...result, left: leftovers };
}

built('the demo prints its commands and their output, exits with status 0 and leaves no files', (t) => {
  const { status, stdout, stderr, left: leftovers } = demo(t);
  t.is(stderr, '');
  t.is(status, 0, stdout);
  t.deepEqual(leftovers, []);
  t.regex(stdout, /^\$ vfio-names list --root \S+$/m);
  t.regex(stdout, /All as expected\.\n$/);
  const trial = fakeRoot(t);
  trial.node('/dev/null', '1:3');
  const hasNodes = fs.lstatSync(trial.at('/dev/null')).isCharacterDevice();
  t.regex(stdout, /^link-wrong: /m);
  t.regex(stdout, hasNodes ? /^OK: /m : /^Only root may create device nodes /m);
});

const canBeAnother = process.getuid?.() === 0 && isCheckoutReadable();
(canBeAnother ? built : test.skip)(
  'the demo of an ordinary user makes links to nodes that are ordinary files',
  (t) => {
    const { status, stdout, stderr, left } = demo(t, { uid: 65534, gid: 65534 });
    t.is(stderr, '');
    t.is(status, 0, stdout);
    t.deepEqual(left, []);
    t.regex(stdout, /^create \/dev\/vfio\/pci\/0000:01:00\.0 -> /m);
    t.regex(stdout, /^Only root may create device nodes /m);
    t.regex(stdout, /All as expected\.\n$/);
  },
);
