import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

/** Returns the files in src that import a module. */
function importers(module: string): string[] {
  return fs
    .readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .filter((path) =>
      new RegExp(`(from|import)\\s*\\(?'${module}'`).test(fs.readFileSync(join('src', path), 'utf8')),
    );
}

test('chokidar is imported only by trigger.ts, and trigger.ts only by the watch command', (t) => {
  t.deepEqual(importers('chokidar'), ['watch/trigger.ts']);
  const service = fs.readFileSync('src/watch/service.ts', 'utf8');
  t.regex(service, /import type \{[^}]*\} from '\.\/trigger\.ts'/, 'service.ts imports only its types');
  t.deepEqual(importers('\\.\\./\\.\\./watch/trigger\\.ts'), ['cli/commands/watch.ts']);
});

test('koffi is imported only by libc.ts', (t) => {
  t.deepEqual(importers('koffi'), ['system/libc.ts']);
});
