import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { unifiedDiff } from '../../../src/udev/diff.ts';

const diff = (before: string, after: string): string =>
  unifiedDiff({ name: 'a', text: before }, { name: 'b', text: after });

test('unifiedDiff is empty for equal texts', (t) => {
  t.is(diff('x\n', 'x\n'), '');
});

test('unifiedDiff prints a change with three lines of context', (t) => {
  t.is(
    diff('1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n3\n4\nV\n6\n7\n8\n9\n'),
    '--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n',
  );
});

test('unifiedDiff counts from line 0 for a new and a removed file', (t) => {
  t.is(diff('', '1\n2\n'), '--- a\n+++ b\n@@ -0,0 +1,2 @@\n+1\n+2\n');
  t.is(diff('1\n', ''), '--- a\n+++ b\n@@ -1,1 +0,0 @@\n-1\n');
});

test('unifiedDiff marks a missing newline at the end', (t) => {
  t.true(diff('1\n', '1').endsWith('-1\n+1\n\\ No newline at end of file\n'));
});

const hasPatch = spawnSync('patch', ['--version']).status === 0;

(hasPatch ? test : test.skip)('patch(1) applies the output of unifiedDiff', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'vfio-names-diff-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 12 })
    .map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(text, text, (before, after) => {
      const file = join(dir, 'file');
      writeFileSync(file, before);
      const result = diff(before, after);
      if (result !== '') spawnSync('patch', ['-s', file], { input: result });
      return readFileSync(file, 'utf8') === after;
    }),
    { numRuns: 30 },
  );
  t.pass();
});
