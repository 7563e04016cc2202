/**
 * Hostile trees and environments through the code of vfio_id on Node and through the same code by QuickJS: the same answer,
 * no crash, no second key, and nothing changed but links of ours. Every 200th call goes through both programs as udev runs
 * them, a process each; the others are asked in processes that stay, which is what makes a million calls possible.
 *
 * Usage: npm run fuzz:vfio-id -- [--seconds N] [--seed S] [--calls N]; a failure prints the seed of its own call, to run it alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { version } from '../../src/cli/version.ts';
import { vfioId } from '../../src/helper/vfio-id.ts';
import { nodeFiles } from '../../src/system/node-files.ts';
import { native, nativeRequired, onNode, type Program, type Result, runProgram } from '../helper/programs.ts';
import { Hostile, randomFrom, type Scene, sceneFrom } from './hostile.ts';
import { type Loop, startLoop } from './loop.ts';
import { changes, type Snapshot, snapshot, wrongChanges } from './snapshot.ts';
import { build, clear } from './tree.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    calls: { type: 'string', default: '1000000' },
  },
});
const first = Number(values.seed);
const top = mkdtempSync(`${tmpdir()}/vfio-names-fuzz-`);
process.on('exit', () => rmSync(top, { recursive: true, force: true }));

/** As many trees as lie there at once. */
const batch = 50;
const every = 200;

/** What a call may never do, whatever it answered. */
function* wrongs(before: Snapshot, after: Snapshot, scene: Scene, result: Result) {
  for (const line of result.out.split('\n').slice(0, -1))
    if (!/^(ID_VFIO_[A-Z0-9_]+=[^\s"'].*|Usage: .*| {7}vfio_id .*|vfio_id \d.*)$/.test(line))
      yield `printed ${JSON.stringify(line)}`;
  const lines = result.err.split('\n');
  if (result.err !== '' && (lines.length !== 2 || lines[1] !== '')) yield 'more than one line on stderr';
  if (result.status !== 0 && result.out !== '') yield 'printed something and failed';
  if (result.status === 0 && result.err !== '') yield 'complained and did not fail';
  if (scene.argv[0] !== 'link')
    for (const what of changes(before, after)) yield `printing facts changed ${what}`;
  yield* wrongChanges(before, after);
}

interface Trial {
  readonly seed: number;
  readonly scene: Scene;
  readonly answers: string[];
  readonly found: string[];
}

/** A tree of its own for each answer, with the same length of path. */
const rootOf = ({ seed }: Trial, run: string): string =>
  `${top}/${String(seed % 1e9).padStart(9, '0')}${run}`;

interface Prepared {
  readonly root: string;
  readonly before: Snapshot;
}

function prepare(trial: Trial, run: string): Prepared {
  const root = rootOf(trial, run);
  build(root, trial.scene.steps);
  return { root, before: snapshot(root) };
}

function judge({ scene, answers, found }: Trial, { root, before }: Prepared, result: Result): void {
  const after = snapshot(root);
  found.push(...wrongs(before, after, scene, result));
  clear(root, after);
  const links = [...after].filter(([path]) => path.startsWith('/dev/')).sort();
  answers.push(JSON.stringify([result, links]));
}

function inProcess(scene: Scene, root: string): Result {
  const { status, out, err } = vfioId(scene, { files: nodeFiles, root, version, token: 'x' });
  return { status, out, err: err === '' ? '' : `${err}\n` };
}

async function tryAll(seeds: readonly number[], loop: Loop | undefined): Promise<Trial[]> {
  const trials = seeds.map((seed): Trial => {
    const scene = sceneFrom(new Hostile(randomFrom(seed)));
    return { seed, scene, answers: [], found: [] };
  });
  const prepared = loop ? trials.map((trial) => prepare(trial, 'q')) : [];
  const asked = loop?.ask(
    trials.map((trial) => ({ argv: trial.scene.argv, env: trial.scene.env, root: rootOf(trial, 'q') })),
  );
  for (const trial of trials) {
    const mine = prepare(trial, 'n');
    judge(trial, mine, inProcess(trial.scene, mine.root));
    if ((trial.seed - first) % every === 0)
      for (const program of [native, onNode]) if (program) judgeProgram(trial, program);
  }
  for (const [index, result] of ((await asked) ?? []).entries()) {
    const [trial, tree] = [trials[index], prepared[index]];
    if (trial && tree) judge(trial, tree, result);
  }
  return trials;
}

function judgeProgram(trial: Trial, program: Program): void {
  const mine = prepare(trial, 'p');
  judge(trial, mine, runProgram(program, [`--root=${mine.root}`, ...trial.scene.argv], trial.scene.env));
}

function complaintsOf({ scene, answers, found }: Trial): string[] {
  const other = answers.findIndex((answer) => answer !== answers[0]);
  const all = other > 0 ? [...found, `answers differ:\n  ${answers[0]}\n  ${answers[other]}`] : found;
  return all.length > 0
    ? [...all, `argv ${JSON.stringify(scene.argv)} env ${JSON.stringify(scene.env)}`]
    : all;
}

const loop = startLoop();
if (nativeRequired && !loop)
  throw new Error('expected dist/vfio_id-loop, found none; npm run build:native -- --chroot --loop');
const end = Date.now() + Number(values.seconds) * 1000;
const most = Number(values.calls);
let calls = 0;
let failures = 0;
while (calls < most && (Date.now() < end || calls === 0) && failures < 5) {
  const count = Math.min(batch, most - calls);
  const seeds = Array.from({ length: count }, (_, index) => first + calls + index);
  calls += count;
  for (const trial of await tryAll(seeds, loop)) {
    const found = complaintsOf(trial);
    if (found.length === 0) continue;
    failures++;
    console.log(`seed ${trial.seed} (npm run fuzz:vfio-id -- --calls 1 --seed ${trial.seed}):`);
    for (const one of found.slice(0, 6)) console.log(`  ${one.slice(0, 1500)}`);
  }
}
loop?.end();
const builds = loop
  ? 'the code on Node and by QuickJS'
  : 'the code on Node alone (npm run build:native -- --chroot --loop)';
console.log(`${calls} calls from seed ${first} through ${builds}: ${failures} wrong`);
process.exitCode = failures > 0 ? 1 : 0;
