import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

const root = new URL('../../', import.meta.url).pathname;
// The demo shows the built program; without a build there is nothing to show.
const built = fs.existsSync(join(root, 'dist/vfio-names.cjs')) ? test : test.skip;

function demo(t: { teardown: (act: () => void) => void }, options: object = {}) {
  const parent = fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-'));
  t.teardown(() => fs.rmSync(parent, { recursive: true, force: true }));
  fs.chmodSync(parent, 0o777);
  const result = spawnSync(process.execPath, ['--import', 'tsx', 'test/demo/demo.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: parent, NODE_V8_COVERAGE: '' },
    ...options,
  });
  const left = fs.readdirSync(parent).filter((name) => name.startsWith('vfio-names-demo-'));
  return { ...result, left };
}

built('the demo shows what it says, ends with 0 and leaves nothing behind', (t) => {
  const { status, stdout, stderr, left } = demo(t);
  t.is(stderr, '');
  t.is(status, 0, stdout);
  t.deepEqual(left, []);
  t.regex(stdout, /^\$ vfio-names list --root \S+$/m);
  t.regex(stdout, /All as expected\.\n$/);
  if (process.getuid?.() === 0) t.regex(stdout, /^link-wrong: /m);
  else t.regex(stdout, /^Not root: /m);
});
