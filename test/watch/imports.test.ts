import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

/** The files of src whose imports name a module. */
function importers(module: string): string[] {
  return fs
    .readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .filter((path) =>
      new RegExp(`(from|import)\\s*\\(?'${module}'`).test(fs.readFileSync(join('src', path), 'utf8')),
    );
}

test('only the trigger imports chokidar, and only the command imports the trigger', (t) => {
  t.deepEqual(importers('chokidar'), ['watch/trigger.ts']);
  const service = fs.readFileSync('src/watch/service.ts', 'utf8');
  t.regex(service, /import type \{[^}]*\} from '\.\/trigger\.ts'/, 'the service knows it as a type');
  t.deepEqual(importers('\\.\\./\\.\\./watch/trigger\\.ts'), ['cli/commands/watch.ts']);
});

test('only libc imports koffi', (t) => {
  t.deepEqual(importers('koffi'), ['system/libc.ts']);
});
