/**
 * Every command on hostile trees with hostile policies and names: no fault of the program, one line an error, nothing that
 * a terminal could misread, nothing changed but links of ours, and that by sync alone.
 *
 * Usage: npm run fuzz:commands -- [--seconds N] [--seed S] [--calls N]; a failure prints the seed of its own call.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { nodeFiles } from '../../src/system/node-files.ts';
import { runCli } from '../helpers/cli.ts';
import { Hostile, randomFrom, type Step, sceneFrom } from './hostile.ts';
import { changes, snapshot, wrongChanges } from './snapshot.ts';
import { build } from './tree.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    calls: { type: 'string', default: '1000000' },
  },
});
const top = mkdtempSync(`${tmpdir()}/vfio-names-fuzz-commands-`);
process.on('exit', () => rmSync(top, { recursive: true, force: true }));

const policies = ['vendor-list', 'alias', 'families', 'replace', 'vf-only'].map((name) =>
  readFileSync(new URL(`../vm/policies/${name}.toml`, import.meta.url), 'utf8'),
);

/** A policy that is right, or was before something hostile came into it. */
function policyFrom(hostile: Hostile): Step[] {
  if (hostile.chance(0.4)) return [];
  const good = hostile.pick(policies);
  const at = hostile.below(good.length);
  const length = hostile.pick([0, 0, 1, 4, 20]);
  const text = hostile.chance(0.3)
    ? Buffer.from(good)
    : Buffer.concat([Buffer.from(good.slice(0, at)), hostile.bytes(), Buffer.from(good.slice(at + length))]);
  return [{ make: 'file', path: Buffer.from('/etc/vfio-names/a.toml'), text }];
}

const nameless = [
  ['list'],
  ['list', '--long'],
  ['list', '--json'],
  ['plan'],
  ['sync'],
  ['sync', '--json'],
  ['verify'],
  ['verify', '--fix'],
  ['cdi'],
  ['graph', '--format', 'dot'],
  ['graph', '--format', 'text'],
  ['nfd'],
  ['holders'],
  ['doctor'],
  ['rules', 'render'],
  ['rules', 'check'],
  ['config', 'check'],
  ['config', 'show'],
];
const named = [
  ['show'],
  ['show', '--json'],
  ['resolve'],
  ['resolve', '--print', 'link'],
  ['holders'],
  ['verify'],
];

function wordsFrom(hostile: Hostile, names: readonly string[]): string[] {
  if (hostile.chance(0.6)) return [...hostile.pick(nameless)];
  const name = hostile.chance(0.6) && names.length > 0 ? hostile.pick(names) : hostile.bytes().toString();
  return [...hostile.pick(named), '--', name];
}

/** Characters that move a cursor, colour, hide or turn text round; only the newline is left of them. */
const misread =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/;

async function call(seed: number): Promise<string[]> {
  const hostile = new Hostile(randomFrom(seed));
  const { steps } = sceneFrom(hostile);
  const root = `${top}/${seed}`;
  build(root, [...steps, ...policyFrom(hostile)]);
  const names = nodeFiles.list(`${root}/sys/class/vfio-dev`);
  const words = wordsFrom(hostile, names);
  const before = snapshot(root);
  const found: string[] = [];
  const dash = words.includes('--') ? words.indexOf('--') : words.length;
  try {
    const { status, out, err } = await runCli([
      ...words.slice(0, dash),
      '--root',
      root,
      ...words.slice(dash),
    ]);
    if (!(status >= 0 && status <= 5)) found.push(`status ${status}`);
    for (const line of [...err, ...(words.includes('--json') ? [] : out.split('\n'))])
      if (misread.test(line)) found.push(`said ${JSON.stringify(line)}`);
    if (err.some((line) => line.includes('\n'))) found.push('an error of more than one line');
    if (words.includes('--json') && out !== '') JSON.parse(out);
  } catch (error) {
    found.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  const after = snapshot(root);
  const mayChange = words[0] === 'sync' || words.includes('--fix');
  if (!mayChange) for (const what of changes(before, after)) found.push(`changed ${what}`);
  found.push(...wrongChanges(before, after));
  rmSync(root, { recursive: true, force: true });
  return found.length === 0 ? found : [...found, `words ${JSON.stringify(words)}`];
}

const first = Number(values.seed);
const end = Date.now() + Number(values.seconds) * 1000;
let calls = 0;
let failures = 0;
for (; calls < Number(values.calls) && (Date.now() < end || calls === 0) && failures < 5; calls++) {
  const found = await call(first + calls);
  if (found.length === 0) continue;
  failures++;
  console.log(`seed ${first + calls} (npm run fuzz:commands -- --calls 1 --seed ${first + calls}):`);
  for (const one of found.slice(0, 6)) console.log(`  ${one.slice(0, 1500)}`);
}
console.log(`${calls} calls from seed ${first}: ${failures} wrong`);
process.exitCode = failures > 0 ? 1 : 0;
