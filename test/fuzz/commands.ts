/**
 * Fuzzer for all commands, on hostile trees with hostile policies and names. Checks that no command throws, that each error
 * is one line, that the output has no control characters, and that only sync and verify --fix change anything, and only
 * our links.
 *
 * Usage: npm run fuzz:commands -- [--seconds N] [--seed S] [--calls N]; a failure prints the seed that reproduces it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { nodeFiles } from '../../src/system/node/files.ts';
import { runCli } from '../support/cli.ts';
import { HostileRandom, randomFrom, type Step, sceneFrom } from './hostile.ts';
import { changes, forbiddenChanges, snapshot } from './snapshot.ts';
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
  readFileSync(new URL(`../integration/vm/policies/${name}.toml`, import.meta.url), 'utf8'),
);

/** A valid policy, or one with hostile bytes inserted. */
function policyFrom(hostile: HostileRandom): Step[] {
  if (hostile.chance(0.4)) return [];
  const good = hostile.pick(policies);
  const at = hostile.below(good.length);
  const length = hostile.pick([0, 0, 1, 4, 20]);
  const content = hostile.chance(0.3)
    ? Buffer.from(good)
    : Buffer.concat([Buffer.from(good.slice(0, at)), hostile.bytes(), Buffer.from(good.slice(at + length))]);
  return [{ kind: 'file', path: Buffer.from('/etc/vfio-names/a.toml'), content }];
}

const commandsWithoutName = [
  ['list'],
  ['list', '--long'],
  ['list', '--json'],
  ['list', '--tree', '--sort', 'driver,name'],
  ['list', '--columns', 'alias,device,ids,links,serial', '--no-header'],
  ['plan'],
  ['sync'],
  ['sync', '--json'],
  ['verify'],
  ['verify', '--fix'],
  ['cdi'],
  ['cdi', '--interface', 'group'],
  ['cdi', '--whole-groups'],
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
const commandsWithName = [
  ['show'],
  ['show', '--json'],
  ['resolve'],
  ['resolve', '--print', 'link'],
  ['resolve', '--interface', 'group', '--json'],
  ['resolve', '--interface', 'auto', '--print', 'link'],
  ['holders'],
  ['verify'],
];

function argsFrom(hostile: HostileRandom, names: readonly string[]): string[] {
  if (hostile.chance(0.6)) return [...hostile.pick(commandsWithoutName)];
  const name = hostile.chance(0.6) && names.length > 0 ? hostile.pick(names) : hostile.bytes().toString();
  const ofGroup = hostile.pick([name, name, name, `${name}+group`, 'group:7', `groups/pci/${name}`]);
  return [...hostile.pick(commandsWithName), '--', ofGroup];
}

/** Control and formatting characters that affect a terminal; all except the newline. */
const controlCharacters =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/;

async function call(seed: number): Promise<string[]> {
  const hostile = new HostileRandom(randomFrom(seed));
  const { steps } = sceneFrom(hostile);
  const root = `${top}/${seed}`;
  build(root, [...steps, ...policyFrom(hostile)]);
  const names = nodeFiles.readdir(`${root}/sys/class/vfio-dev`);
  const args = argsFrom(hostile, names);
  const before = snapshot(root);
  const problems: string[] = [];
  const dash = args.includes('--') ? args.indexOf('--') : args.length;
  try {
    const { status, out, err } = await runCli([...args.slice(0, dash), '--root', root, ...args.slice(dash)]);
    if (!(status >= 0 && status <= 6)) problems.push(`status ${status}`);
    for (const line of [...err, ...(args.includes('--json') ? [] : out.split('\n'))])
      if (controlCharacters.test(line)) problems.push(`printed ${JSON.stringify(line)}`);
    if (err.some((line) => line.includes('\n'))) problems.push('an error of more than one line');
    if (args.includes('--json') && out !== '') JSON.parse(out);
  } catch (error) {
    problems.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  const after = snapshot(root);
  const mayChange = args[0] === 'sync' || args.includes('--fix');
  if (!mayChange) for (const change of changes(before, after)) problems.push(`changed ${change}`);
  problems.push(...forbiddenChanges(before, after));
  rmSync(root, { recursive: true, force: true });
  return problems.length === 0 ? problems : [...problems, `arguments ${JSON.stringify(args)}`];
}

const firstSeed = Number(values.seed);
const end = Date.now() + Number(values.seconds) * 1000;
let calls = 0;
let failures = 0;
for (; calls < Number(values.calls) && (Date.now() < end || calls === 0) && failures < 5; calls++) {
  const problems = await call(firstSeed + calls);
  if (problems.length === 0) continue;
  failures++;
  console.log(`seed ${firstSeed + calls} (npm run fuzz:commands -- --calls 1 --seed ${firstSeed + calls}):`);
  for (const problem of problems.slice(0, 6)) console.log(`  ${problem.slice(0, 1500)}`);
}
console.log(`${calls} calls from seed ${firstSeed}: ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
