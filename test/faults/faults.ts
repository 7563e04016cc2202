/**
 * `npm run test:faults`: the real program on disks that fail and without rights. Each file call of sync, rules install and cdi fails once, with each errno, or the process is
 * killed there. Afterwards every file and link is the old or the new one, one line names what failed, nothing is left
 * behind that the next run does not clear, and the next run brings the new state. Needs root and strace.
 *   --act NAME       the faults of this one only
 *   --load SECONDS   how long devices come and go a thousand times a second (20)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCli } from '../helpers/cli.ts';
import { FakeRoot } from '../helpers/fake-root.ts';
import { type Act, acts } from './acts.ts';
import { complaints, type Outcome } from './judge.ts';
import { checkLoad } from './load.ts';
import { type Check, checkRights } from './rights.ts';
import { type Call, type Fault, faultsOf, listCalls, onePerKind, type Run, runWithFault } from './strace.ts';

const program = join(import.meta.dirname, '../../dist/vfio-names.cjs');
const work = mkdtempSync(join(tmpdir(), 'vfio-names-faults-'));

const line = (act: Act, root: string): string[] => [process.execPath, program, ...act.words(root)];

/** A machine of its own for each run, copied from the first: the same paths' lengths, the same calls. */
function copy(from: string, name: string): FakeRoot {
  const to = join(work, name);
  rmSync(to, { recursive: true, force: true });
  spawnSync('cp', ['-a', from, to]);
  return new FakeRoot(to);
}

function entries(act: Act, root: FakeRoot): string[] {
  return act.directories.flatMap((directory) =>
    readdirSync(root.at(directory)).map((name) => `${directory}/${name}`),
  );
}

/** How often a run is begun anew when the fault fell on a call of Node's own. */
const attempts = 5;

/** `undefined` if the fault never fell on a call of ours. */
async function outcome(
  act: Act,
  template: string,
  clean: Clean,
  call: Call,
  fault: Fault,
): Promise<Outcome | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const root = copy(template, 'run');
    const run = runWithFault(line(act, root.dir), root.dir, call, fault);
    if (run.hit !== undefined) return afterwards(act, root, clean, call, fault, run);
  }
  return undefined;
}

async function afterwards(
  act: Act,
  root: FakeRoot,
  clean: Clean,
  call: Call,
  fault: Fault,
  run: Run,
): Promise<Outcome> {
  const state = act.state(root);
  const left = entries(act, root).filter((path) => !clean.entries.includes(path));
  const again = await runCli(act.words(root.dir));
  return {
    call,
    fault,
    run,
    state,
    left,
    again: {
      status: again.status,
      err: again.err.join('\n'),
      state: act.state(root),
      entries: entries(act, root),
    },
  };
}

interface Clean {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** What may lie in the directories: what was there before, and what is there after. */
  readonly entries: readonly string[];
  readonly last: readonly string[];
  readonly status: number | null;
}

function cleanRun(act: Act, template: string): Clean {
  const before = act.state(new FakeRoot(template));
  const first = entries(act, new FakeRoot(template));
  const root = copy(template, 'run');
  const { status } = spawnSync(process.execPath, [program, ...act.words(root.dir)], { encoding: 'utf8' });
  const last = entries(act, root);
  return { before, after: act.state(root), entries: [...first, ...last], last, status };
}

interface Tried {
  readonly runs: number;
  /** Faults that fell on no call of ours. */
  readonly missed: number;
  readonly wrong: readonly string[];
}

async function tryAct(act: Act): Promise<Tried> {
  const template = join(work, 'template');
  rmSync(template, { recursive: true, force: true });
  act.before(new FakeRoot(template));
  const clean = cleanRun(act, template);
  const root = copy(template, 'run').dir;
  const calls = onePerKind(listCalls(line(act, root), root));
  const wrong: string[] = [];
  let runs = 0;
  let missed = 0;
  for (const call of calls)
    for (const fault of faultsOf(call)) {
      const result = await outcome(act, template, clean, call, fault);
      if (!result) {
        missed++;
        continue;
      }
      runs++;
      for (const complaint of complaints(result, clean))
        wrong.push(`${call.line} -> ${fault === 'kill' ? 'killed' : fault.errno}: ${complaint}`);
    }
  return { runs, missed, wrong };
}

const { values } = parseArgs({
  options: { act: { type: 'string' }, load: { type: 'string', default: '20' } },
});
let passed = 0;
let failed = 0;

function say({ sentence, wrong }: Check): void {
  if (wrong === '') passed++;
  else failed++;
  console.log(`${wrong === '' ? 'ok' : 'not ok'} - ${sentence}`);
  if (wrong !== '') console.log(`  ${wrong}`);
}

try {
  for (const act of acts.filter(({ name }) => values.act === undefined || name === values.act)) {
    const { runs, missed, wrong } = await tryAct(act);
    const good = wrong.length === 0 && runs > 9 * missed;
    if (good) passed++;
    else failed++;
    console.log(`${good ? 'ok' : 'not ok'} - ${act.name}: ${runs} faults, ${missed} fell elsewhere`);
    for (const one of wrong) console.log(`  ${one}`);
  }
  if (values.act === undefined) {
    for (const check of checkRights(work, program)) say(check);
    for await (const check of checkLoad(work, program, Number(values.load))) say(check);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
