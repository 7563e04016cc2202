/**
 * Hostile trees and environments through the code of vfio_id on Node and through its native program: the same answer, no
 * crash, no second key, and nothing changed but links of ours. Every 200th call goes through the Node program itself too.
 *
 * Usage: npm run fuzz:vfio-id -- [--seconds N] [--seed S] [--calls N]; a failure prints the seed of its own call, to run it alone.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { version } from '../../src/cli/version.ts';
import { vfioId } from '../../src/helper/vfio-id.ts';
import { nodeFiles } from '../../src/system/node-files.ts';
import { native, onNode, type Result, runProgram } from '../helper/programs.ts';
import { build, Hostile, randomFrom, type Scene, sceneFrom } from './hostile.ts';
import { changes, type Snapshot, snapshot, wrongChanges } from './snapshot.ts';

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

function call(seed: number, twice: boolean): string[] {
  const scene = sceneFrom(new Hostile(randomFrom(seed)));
  const roots = ['a', 'b', 'c'].map((name) => `${top}/${String(seed % 1e9).padStart(9, '0')}${name}`);
  const runs: ((root: string) => Result)[] = [
    (root) => {
      const { status, out, err } = vfioId(scene, { files: nodeFiles, root, version, token: 'x' });
      return { status, out, err: err === '' ? '' : `${err}\n` };
    },
  ];
  const program = native;
  if (program) runs.push((root) => runProgram(program, [`--root=${root}`, ...scene.argv], scene.env));
  if (twice) runs.push((root) => runProgram(onNode, [`--root=${root}`, ...scene.argv], scene.env));
  const found: string[] = [];
  const answers = runs.map((run, index) => {
    const root = roots[index] ?? top;
    mkdirSync(root);
    build(root, scene.steps);
    const before = snapshot(root);
    const result = run(root);
    const after = snapshot(root);
    found.push(...wrongs(before, after, scene, result));
    rmSync(root, { recursive: true, force: true });
    const links = [...after].filter(([path]) => path.startsWith('/dev/')).sort();
    return JSON.stringify([result, links]);
  });
  for (const [index, answer] of answers.entries())
    if (answer !== answers[0]) found.push(`answers differ:\n  ${answers[0]}\n  ${answer} (${index})`);
  if (found.length > 0) found.push(`argv ${JSON.stringify(scene.argv)} env ${JSON.stringify(scene.env)}`);
  return found;
}

const end = Date.now() + Number(values.seconds) * 1000;
let calls = 0;
let failures = 0;
for (; calls < Number(values.calls) && (Date.now() < end || calls === 0) && failures < 5; calls++) {
  const seed = first + calls;
  const found = call(seed, calls % 200 === 0);
  if (found.length === 0) continue;
  failures++;
  console.log(`seed ${seed} (npm run fuzz:vfio-id -- --calls 1 --seed ${seed}):`);
  for (const one of found.slice(0, 6)) console.log(`  ${one.slice(0, 1500)}`);
}
const builds = native ? `the code on Node and ${native.name}` : 'the code on Node alone (no native program)';
console.log(`${calls} calls from seed ${first} through ${builds}: ${failures} wrong`);
process.exitCode = failures > 0 ? 1 : 0;
