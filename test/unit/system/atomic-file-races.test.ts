/** What another program puts in the place of a file of ours between any two system calls of a run is never lost. */
import * as fs from 'node:fs';
import test from 'ava';
import { errnoOf } from '../../../src/errors.ts';
import {
  isGeneratedFile,
  removeFile,
  replaceFile,
  sweepTemporaries,
} from '../../../src/system/atomic-file.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import { loadExchange } from '../../../src/system/node/libc.ts';
import { arrivals, isThere } from '../../support/arrivals.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles, Killed } from '../../support/hooked-files.ts';

const place = '/etc/x/name';
/** Higher than every process id (PID_MAX_LIMIT), so that the next run sweeps what this one left. */
const token = '4194999-0a1b2c3d';
const isOurs = (text: string): boolean => text.startsWith('ours');

const unsupported: SystemFiles = {
  ...fakeFiles,
  exchange: () => {
    throw errnoError('ENOSYS');
  },
};

async function variants(): Promise<(readonly [string, SystemFiles])[]> {
  const exchange = await loadExchange();
  return [
    ['without renameat2', unsupported],
    ...(exchange ? [['with renameat2', { ...fakeFiles, exchange }] as const] : []),
  ];
}

const inDirectory = (root: FakeRoot, fn: (dir: ReturnType<SystemFiles['openDir']>) => unknown): unknown => {
  const dir = fakeFiles.openDir(root.at('/etc/x'));
  try {
    return fn(dir);
  } finally {
    dir.release();
  }
};

const runs: Readonly<Record<string, (root: FakeRoot, files: SystemFiles) => unknown>> = {
  replaceFile: (root, files) =>
    inDirectory(root, (dir) =>
      replaceFile(
        files,
        dir,
        { name: 'name', text: 'ours, new', isOurs: isGeneratedFile(files, isOurs), durable: true },
        token,
      ),
    ),
  removeFile: (root, files) =>
    inDirectory(root, (dir) => removeFile(files, dir, 'name', token, isGeneratedFile(files, isOurs))),
};

function machine(t: Parameters<typeof fakeRoot>[0], old: boolean): FakeRoot {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/etc/x'));
  if (old) root.write(place, 'ours, old');
  return root;
}

const namesIn = (root: FakeRoot): string[] => fs.readdirSync(root.at('/etc/x')).sort();

for (const [name, run] of Object.entries(runs))
  for (const [kind, arrive] of Object.entries(arrivals))
    test(`${name} keeps a ${kind} that another program creates between any two calls, also if the run is killed then`, async (t) => {
      for (const [variant, base] of await variants())
        for (const old of [true, false]) {
          let count = 0;
          run(
            machine(t, old),
            hookedFiles(() => count++, base),
          );
          for (let at = 1; at <= count; at++)
            for (let kill = at; kill <= count + 8; kill++) {
              const root = machine(t, old);
              const files = hookedFiles(({ number }) => {
                if (number === at) {
                  fs.rmSync(root.at(place), { recursive: true, force: true });
                  arrive(root.at(place));
                }
                if (number === kill + 1) throw new Killed();
              }, base);
              try {
                run(root, files);
              } catch (error) {
                if (!(error instanceof Killed)) throw error;
              }
              inDirectory(root, (dir) =>
                sweepTemporaries(fakeFiles, dir, isGeneratedFile(fakeFiles, isOurs)),
              );
              const found = ['', '.displaced'].some((suffix) => isThere(kind, `${root.at(place)}${suffix}`));
              const where = `${variant}, ${old ? 'old' : 'no'} file, at ${at}, killed after ${kill}: ${namesIn(root)}`;
              t.true(found, where);
              t.deepEqual(
                namesIn(root).filter((entry) => entry.startsWith('.')),
                [],
                where,
              );
            }
        }
    });

test('replaceFile and removeFile leave no hidden file, and the old or the new text, if any call fails once', async (t) => {
  for (const [variant, base] of await variants())
    for (const [name, run] of Object.entries(runs)) {
      let count = 0;
      run(
        machine(t, true),
        hookedFiles(() => count++, base),
      );
      for (let at = 1; at <= count; at++)
        for (const errno of ['EIO', 'EACCES']) {
          const root = machine(t, true);
          let failed = '';
          const files = hookedFiles((call) => {
            if (call.number !== at) return;
            failed = call.name;
            throw errnoError(errno);
          }, base);
          try {
            run(root, files);
          } catch (error) {
            if (errnoOf(error) !== errno) throw error;
          }
          const where = `${variant}, ${name}, ${errno} of ${failed} at ${at}: ${namesIn(root)}`;
          const text = fs.existsSync(root.at(place)) ? fs.readFileSync(root.at(place), 'utf8') : undefined;
          t.true(text === 'ours, old' || text === (name === 'removeFile' ? undefined : 'ours, new'), where);
          t.false(
            namesIn(root).some((entry) => entry.endsWith('.displaced')),
            where,
          );
          // What could not be removed is removed by the next run.
          if (failed !== 'unlink')
            t.false(
              namesIn(root).some((entry) => entry.startsWith('.')),
              where,
            );
        }
    }
});

test('replaceFile shows the old or the new text at any call, where renameat2 is available', async (t) => {
  const exchange = await loadExchange();
  if (!exchange) return t.pass();
  const root = machine(t, true);
  const files = hookedFiles(() => t.regex(fs.readFileSync(root.at(place), 'utf8'), /^ours, (old|new)$/), {
    ...fakeFiles,
    exchange,
  });
  t.true(runs['replaceFile']?.(root, files));
  t.is(fs.readFileSync(root.at(place), 'utf8'), 'ours, new');
  t.deepEqual(namesIn(root), ['name']);
});

test('replaceFile and removeFile replace and remove files of ours, and leave others alone', async (t) => {
  for (const [variant, files] of await variants()) {
    const root = machine(t, true);
    t.true(runs['replaceFile']?.(root, files), variant);
    t.is(fs.readFileSync(root.at(place), 'utf8'), 'ours, new');
    t.true(runs['removeFile']?.(root, files), variant);
    t.deepEqual(namesIn(root), []);
    t.true(runs['removeFile']?.(root, files), variant);
    root.write(place, '');
    t.false(runs['replaceFile']?.(root, files), variant);
    t.false(runs['removeFile']?.(root, files), variant);
    t.deepEqual(namesIn(root), ['name'], variant);
    t.is(fs.readFileSync(root.at(place), 'utf8'), '');
  }
});
