/**
 * Fuzzer for vfio_id with hostile trees and environments: runs the same code on Node and in QuickJS, and checks that the
 * results are equal, that it does not crash, that it prints only valid keys, and that it changes only our links. Every
 * 200th call also runs both built programs, as udev does; the other calls share processes, which makes a million calls
 * possible.
 *
 * Usage: npm run fuzz:vfio-id -- [--seconds N] [--seed S] [--calls N]; a failure prints the seed that reproduces it.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeFiles } from '../../src/system/node/files.ts';
import { version } from '../../src/version.ts';
import { vfioId } from '../../src/vfio-id/vfio-id.ts';
import { dist, nativeRequired, type Program, type Result, runProgram } from '../support/programs.ts';
import { nativeProgram, nodeProgram } from '../support/vfio-id-programs.ts';
import { HostileRandom, randomFrom, type Scene, sceneFrom } from './hostile.ts';
import { type NativeLoop, startLoop } from './loop.ts';
import { changes, forbiddenChanges, type Snapshot, snapshot } from './snapshot.ts';
import { build, clear } from './tree.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    calls: { type: 'string', default: '1000000' },
  },
});
const firstSeed = Number(values.seed);
const top = mkdtempSync(`${tmpdir()}/vfio-names-fuzz-`);
process.on('exit', () => rmSync(top, { recursive: true, force: true }));

/** Number of trees that exist at once. */
const BATCH_SIZE = 50;
/** Every how many calls the built programs run, too. */
const PROGRAM_INTERVAL = 200;

/** Returns the problems of one call. */
function* problemsOf(before: Snapshot, after: Snapshot, scene: Scene, result: Result) {
  for (const line of result.out.split('\n').slice(0, -1))
    if (!/^(ID_VFIO_[A-Z0-9_]+=[^\s"'].*|Usage: .*| {7}vfio_id .*|vfio_id \d.*)$/.test(line))
      yield `printed ${JSON.stringify(line)}`;
  const lines = result.err.split('\n');
  if (result.err !== '' && (lines.length !== 2 || lines[1] !== '')) yield 'more than one line on stderr';
  if (result.status !== 0 && result.out !== '') yield 'printed something and failed';
  if (result.status === 0 && result.err !== '') yield 'printed an error and did not fail';
  if (scene.argv[0] !== 'link')
    for (const change of changes(before, after)) yield `printing facts changed ${change}`;
  yield* forbiddenChanges(before, after);
}

interface Trial {
  readonly seed: number;
  readonly scene: Scene;
  readonly answers: string[];
  readonly problems: string[];
}

/** The root of a trial's tree; each run has its own tree, and all paths have the same length. */
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

function checkResult({ scene, answers, problems }: Trial, { root, before }: Prepared, result: Result): void {
  const after = snapshot(root);
  problems.push(...problemsOf(before, after, scene, result));
  clear(root, after);
  const links = [...after].filter(([path]) => path.startsWith('/dev/')).sort();
  answers.push(JSON.stringify([result, links]));
}

function inProcess(scene: Scene, root: string): Result {
  const { status, out, err } = vfioId(scene, { files: nodeFiles, root, version, token: 'x' });
  return { status, out, err: err === '' ? '' : `${err}\n` };
}

async function tryAll(seeds: readonly number[], loop: NativeLoop | undefined): Promise<Trial[]> {
  const trials = seeds.map((seed): Trial => {
    const scene = sceneFrom(new HostileRandom(randomFrom(seed)));
    return { seed, scene, answers: [], problems: [] };
  });
  const prepared = loop ? trials.map((trial) => prepare(trial, 'q')) : [];
  const answers = loop?.run(
    trials.map((trial) => ({ argv: trial.scene.argv, env: trial.scene.env, root: rootOf(trial, 'q') })),
  );
  for (const trial of trials) {
    const tree = prepare(trial, 'n');
    checkResult(trial, tree, inProcess(trial.scene, tree.root));
    if ((trial.seed - firstSeed) % PROGRAM_INTERVAL === 0)
      for (const program of [nativeProgram, nodeProgram]) if (program) checkProgram(trial, program);
  }
  for (const [index, result] of ((await answers) ?? []).entries()) {
    const [trial, tree] = [trials[index], prepared[index]];
    if (trial && tree) checkResult(trial, tree, result);
  }
  return trials;
}

function checkProgram(trial: Trial, program: Program): void {
  const tree = prepare(trial, 'p');
  checkResult(
    trial,
    tree,
    runProgram(program, [`--root=${tree.root}`, ...trial.scene.argv], trial.scene.env),
  );
}

function allProblems({ scene, answers, problems }: Trial): string[] {
  const other = answers.findIndex((answer) => answer !== answers[0]);
  const all = other > 0 ? [...problems, `answers differ:\n  ${answers[0]}\n  ${answers[other]}`] : problems;
  return all.length > 0
    ? [...all, `argv ${JSON.stringify(scene.argv)} env ${JSON.stringify(scene.env)}`]
    : all;
}

/** The built programs that are older than the source, with which a difference says nothing. */
function staleBuilds(): string[] {
  const folder = join(import.meta.dirname, '../../src');
  const newest = Math.max(
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(join(folder, name)).mtimeMs,
    ),
  );
  return ['native/vfio_id-loop', 'native/vfio_id-static', 'native/vfio_id', 'vfio_id.cjs'].filter((name) => {
    const status = statSync(dist(name), { throwIfNoEntry: false });
    return status !== undefined && status.mtimeMs < newest;
  });
}

const loop = startLoop();
if (nativeRequired && !loop)
  throw new Error('expected dist/native/vfio_id-loop, found none; npm run build:native -- --chroot --loop');
const end = Date.now() + Number(values.seconds) * 1000;
const maxCalls = Number(values.calls);
let calls = 0;
let failures = 0;
while (calls < maxCalls && (Date.now() < end || calls === 0) && failures < 5) {
  const count = Math.min(BATCH_SIZE, maxCalls - calls);
  const seeds = Array.from({ length: count }, (_, index) => firstSeed + calls + index);
  calls += count;
  for (const trial of await tryAll(seeds, loop)) {
    const problems = allProblems(trial);
    if (problems.length === 0) continue;
    failures++;
    console.log(`seed ${trial.seed} (npm run fuzz:vfio-id -- --calls 1 --seed ${trial.seed}):`);
    for (const problem of problems.slice(0, 6)) console.log(`  ${problem.slice(0, 1500)}`);
  }
}
loop?.end();
if (failures > 0)
  for (const name of staleBuilds())
    console.log(`dist/${name} is older than its source: build it again before you believe a difference`);
const builds = loop
  ? 'the code on Node and in QuickJS'
  : 'the code on Node only (npm run build:native -- --chroot --loop)';
console.log(`${calls} calls from seed ${firstSeed} through ${builds}: ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
