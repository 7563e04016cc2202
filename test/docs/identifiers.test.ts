/** Comments and test titles mention only identifiers that exist in the code, so that a reader can search for them. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';

const top = new URL('../../', import.meta.url).pathname;

/** Words in camelCase that are not identifiers of this project, such as names of rules of the linter. */
const foreign = /^(?:pUl|cMAJOR|xNN|uNNNN|bitN|vfN|virtfnN|noTemplateCurlyInString)$/;

const camelCase = /\b[a-z]+(?:[A-Z][A-Za-z0-9]*)+\b/g;

function sources(folder: string): string[] {
  return fs
    .readdirSync(path.join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

test('comments and test titles mention only identifiers that exist', (t) => {
  const used = new Set<string>();
  const mentioned: (readonly [file: string, word: string])[] = [];
  for (const file of [...sources('src'), ...sources('test'), ...sources('packaging')]) {
    const text = fs.readFileSync(path.join(top, file), 'utf8');
    const prose = /\/\*.*?\*\/|\/\/[^\n]*|\btest(?:\.\w+)*\(\s*(?:\w+,\s*)?'[^'\n]*'/gs;
    for (const [part] of text.matchAll(prose))
      for (const [word] of part.matchAll(camelCase)) mentioned.push([file, word]);
    for (const [word] of text.replace(prose, '').matchAll(camelCase)) used.add(word);
  }
  t.deepEqual(
    mentioned.filter(([, word]) => !used.has(word) && !foreign.test(word)),
    [],
  );
});
