/** Comments and documents name only files that exist, so that a reader who follows them arrives. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';

const top = resolve(import.meta.dirname, '../..');
const roots = ['src', 'test', 'packaging', 'templates', 'rules', '.ci'];
const documents = readdirSync(top).filter((name) => name.endsWith('.md'));

/** Expected outputs and samples, which name files of other machines. */
const samples = /^test\/golden\/|\.(?:patch|png|svg|gz|json|files)$/;

const files = [
  ...documents,
  ...roots.flatMap((root) =>
    readdirSync(join(top, root), { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1)),
  ),
].filter((file) => !samples.test(file));

/** Files of systemd, which some comments name by their path in its source. */
const foreign = /^src\/(?:basic|core|shared|libsystemd)\/|^src\/udev\/(?:fido_id\/|udev-[a-z]+\.[ch]$)/;

/** Files that exist only elsewhere: in the repository of a distribution, or in a directory that a test makes. */
const elsewhere = new Set([
  'packaging/debian/upstream/signing-key.asc',
  'src/a.ts',
  'templates/a.hbs',
  'rules/a.rules',
]);

/** A place for any name: `packaging/FAMILY/build.sh`. */
const placeholder = /(?:^|[/.])[A-Z]+(?:$|[/.])/;

/** The text that people read: comments of code, whole documents and templates, comments of scripts. */
function proseOf(file: string, text: string): string {
  if (/\.(?:md|hbs)$/.test(file)) return text;
  if (/\.(?:ts|mjs|cjs|c|h)$/.test(file))
    return [...text.matchAll(/\/\*.*?\*\/|\/\/[^\n]*/gs)].map(([comment]) => comment).join('\n');
  return text
    .split('\n')
    .filter((line) => line.trimStart().startsWith('#'))
    .join('\n');
}

function mentions(pattern: RegExp, textOf: (file: string, text: string) => string): [string, string][] {
  return files.flatMap((file) =>
    [...textOf(file, readFileSync(join(top, file), 'utf8')).matchAll(pattern)].map(
      ([, path = '']): [string, string] => [file, path.replace(/[.,:;]+$/, '')],
    ),
  );
}

test('every path below src, test, packaging, templates and rules that a text or a script names exists', (t) => {
  const path = new RegExp(
    String.raw`(?<![\w./$}-])((?:${roots.join('|').replace('.', '\\.')})/[\w./-]+)(?![\w*<>{}$])`,
    'g',
  );
  const found = mentions(path, (_, text) => text);
  t.true(found.length > 200);
  t.deepEqual(
    found.filter(
      ([, named]) =>
        !existsSync(join(top, named)) &&
        !existsSync(join(top, `${named}.ts`)) &&
        !foreign.test(named) &&
        !elsewhere.has(named) &&
        !placeholder.test(named),
    ),
    [],
  );
});

test('every source that a comment names by its file name exists', (t) => {
  const found = mentions(/(?<![\w./$}*-])((?:[\w-]+\/)*[\w-]+\.(?:ts|mjs|hbs))\b/g, proseOf);
  t.true(found.length > 10);
  t.deepEqual(
    found.filter(([, named]) => !files.some((file) => file === named || file.endsWith(`/${named}`))),
    [],
  );
});

test('every subject that a comment or CONTRIBUTING.md names by folder and file exists', (t) => {
  const folders = readdirSync(join(top, 'src'), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && entry.name !== 'text' ? [entry.name] : [],
  );
  const subject = new RegExp(
    String.raw`(?<![\w./$}:*<-])((?:${folders.join('|')})(?:/[a-z0-9-]+)+)(?![\w/.*<{:])`,
    'g',
  );
  const found = mentions(subject, (file, text) =>
    /\.(?:ts|mjs|c)$/.test(file) || file === 'CONTRIBUTING.md' ? proseOf(file, text) : '',
  );
  t.true(found.length > 30);
  t.deepEqual(
    found.filter(([, named]) =>
      ['src', 'test'].every((root) =>
        ['', '.ts'].every((ending) => !existsSync(join(top, root, `${named}${ending}`))),
      ),
    ),
    [],
  );
});
