import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { unifiedDiff } from '../../src/rules/diff.ts';

const diff = (before: string, after: string): string =>
  unifiedDiff({ name: 'a', text: before }, { name: 'b', text: after });

test('equal texts have no diff', (t) => {
  t.is(diff('x\n', 'x\n'), '');
});

test('a change is shown with three lines around it', (t) => {
  t.is(
    diff('1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n3\n4\nV\n6\n7\n8\n9\n'),
    '--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n',
  );
});

test('a new and a removed file count from line 0', (t) => {
  t.is(diff('', '1\n2\n'), '--- a\n+++ b\n@@ -0,0 +1,2 @@\n+1\n+2\n');
  t.is(diff('1\n', ''), '--- a\n+++ b\n@@ -1,1 +0,0 @@\n-1\n');
});

test('a missing newline at the end is told', (t) => {
  t.true(diff('1\n', '1').endsWith('-1\n+1\n\\ No newline at end of file\n'));
});

const hasPatch = spawnSync('patch', ['--version']).status === 0;

(hasPatch ? test : test.skip)('patch(1) makes the new text of the old one', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-diff-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 12 })
    .map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(text, text, (before, after) => {
      const file = join(directory, 'file');
      writeFileSync(file, before);
      const result = diff(before, after);
      if (result !== '') spawnSync('patch', ['-s', file], { input: result });
      return readFileSync(file, 'utf8') === after;
    }),
    { numRuns: 30 },
  );
  t.pass();
});
