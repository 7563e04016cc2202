/**
 * `npm run test:faults`: runs the built program with failing system calls and without permissions. Each file system call
 * of sync, rules install and cdi fails once with each errno, or the process is killed there. Afterwards each file and link
 * has its old or its new content, an error message names a path or a device, no temporary file is left that the next run does not
 * remove, and the next run reaches the new state. Requires root and strace.
 *   --act NAME       test this command only
 *   --native         test the native program (dist/native/vfio-names-static) instead of the one that runs on Node
 *   --load SECONDS   duration of the load test with a thousand device changes per second (20)
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCli } from '../support/cli.ts';
import { FakeRoot } from '../support/fake-root.ts';
import { type FaultCase, faultCases } from './acts.ts';
import { type Outcome, problemsOf } from './judge.ts';
import { checkLoad } from './load.ts';
import { type Check, checkPermissions, type Program } from './rights.ts';
import { type Call, type Fault, faultsFor, listCalls, onePerKind, type Run, runWithFault } from './strace.ts';

const { values } = parseArgs({
  options: {
    act: { type: 'string' },
    load: { type: 'string', default: '20' },
    native: { type: 'boolean', default: false },
  },
});
const work = mkdtempSync(join(tmpdir(), 'vfio-names-faults-'));
// Tests run the program as user nobody, too, who may not be able to read the directory in which it was built.
chmodSync(work, 0o755);
const project = join(import.meta.dirname, '../..');
const built = values.native ? 'native/vfio-names-static' : '.';
if (!existsSync(join(project, 'dist', built)))
  throw new Error(
    `expected dist/${built}, found none; npm run build${values.native ? ':native -- --chroot' : ''}`,
  );
// With koffi, as an installation has it: without, the program has no renameat2(2).
for (const part of [join('dist', built), ...(values.native ? [] : ['node_modules/@koromix'])])
  cpSync(join(project, part), join(work, part), { recursive: true, dereference: true });
const program: Program = values.native
  ? [join(work, 'dist', built)]
  : [process.execPath, join(work, 'dist/vfio-names.cjs')];

const line = (act: FaultCase, root: string): string[] => [...program, ...act.args(root)];

/** Copies a fake root for one run. All copies have the same path length, so that each run makes the same calls. */
function copy(from: string, name: string): FakeRoot {
  const to = join(work, name);
  rmSync(to, { recursive: true, force: true });
  spawnSync('cp', ['-a', from, to]);
  return new FakeRoot(to);
}

function entries(act: FaultCase, root: FakeRoot): string[] {
  return act.directories.flatMap((directory) =>
    readdirSync(root.at(directory)).map((name) => `${directory}/${name}`),
  );
}

function isEmptyDirectory(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** Number of attempts per fault; an attempt does not count if the fault hit a call of Node itself. */
const MAX_ATTEMPTS = 5;

/** Runs the command with one fault; returns `undefined` if the fault never hit a call below the root. */
async function testFault(
  act: FaultCase,
  template: string,
  clean: Clean,
  call: Call,
  fault: Fault,
): Promise<Outcome | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const root = copy(template, 'run');
    const run = runWithFault(line(act, root.dir), root.dir, call, fault);
    if (run.hit !== undefined) return collectOutcome(act, root, clean, call, fault, run);
  }
  return undefined;
}

/** Reads the state after a run with a fault, then runs the command again without one. */
async function collectOutcome(
  act: FaultCase,
  root: FakeRoot,
  clean: Clean,
  call: Call,
  fault: Fault,
  run: Run,
): Promise<Outcome> {
  const state = act.state(root);
  const leftovers = entries(act, root).filter((path) => !clean.entries.includes(path));
  const again = await runCli(act.args(root.dir));
  const entriesAgain = entries(act, root);
  return {
    call,
    fault,
    run,
    state,
    leftovers,
    nextRun: {
      status: again.status,
      err: again.err.join('\n'),
      state: act.state(root),
      entries: entriesAgain,
      empty: entriesAgain.filter((path) => isEmptyDirectory(root.at(path))),
    },
  };
}

interface Clean {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** Entries of the directories that are expected: those before and those after a run without a fault. */
  readonly entries: readonly string[];
  readonly entriesAfter: readonly string[];
  readonly status: number | null;
  readonly isPartial: NonNullable<FaultCase['isPartial']>;
}

function cleanRun(act: FaultCase, template: string): Clean {
  const before = act.state(new FakeRoot(template));
  const first = entries(act, new FakeRoot(template));
  const root = copy(template, 'run');
  const [file = '', ...args] = line(act, root.dir);
  const { status } = spawnSync(file, args, { encoding: 'utf8' });
  const entriesAfter = entries(act, root);
  return {
    before,
    after: act.state(root),
    entries: [...first, ...entriesAfter],
    entriesAfter,
    status,
    isPartial: act.isPartial ?? (() => false),
  };
}

interface ActResult {
  readonly runs: number;
  /** Number of faults that hit no call below the root. */
  readonly missed: number;
  readonly problems: readonly string[];
}

async function testAct(act: FaultCase): Promise<ActResult> {
  const template = join(work, 'template');
  rmSync(template, { recursive: true, force: true });
  act.prepare(new FakeRoot(template));
  const clean = cleanRun(act, template);
  const root = copy(template, 'run').dir;
  const calls = onePerKind(listCalls(line(act, root), root));
  const problems: string[] = [];
  if (JSON.stringify(clean.before) === JSON.stringify(clean.after))
    problems.push(`a run without a fault changes nothing (status ${clean.status})`);
  let runs = 0;
  let missed = 0;
  for (const call of calls)
    for (const fault of faultsFor(call)) {
      const result = await testFault(act, template, clean, call, fault);
      if (!result) {
        missed++;
        continue;
      }
      runs++;
      for (const problem of problemsOf(result, clean))
        problems.push(`${call.line} -> ${fault === 'kill' ? 'killed' : fault.errno}: ${problem}`);
    }
  return { runs, missed, problems };
}

let passed = 0;
let failed = 0;

function report({ title, problem }: Check): void {
  if (problem === '') passed++;
  else failed++;
  console.log(`${problem === '' ? 'ok' : 'not ok'} - ${title}`);
  if (problem !== '') console.log(`  ${problem}`);
}

try {
  for (const act of faultCases.filter(({ name }) => values.act === undefined || name === values.act)) {
    const { runs, missed, problems } = await testAct(act);
    const ok = problems.length === 0 && runs > 9 * missed;
    if (ok) passed++;
    else failed++;
    console.log(`${ok ? 'ok' : 'not ok'} - ${act.name}: ${runs} faults, ${missed} hit other calls`);
    for (const problem of problems) console.log(`  ${problem}`);
  }
  if (values.act === undefined) {
    for (const check of checkPermissions(work, program)) report(check);
    for await (const check of checkLoad(work, program, Number(values.load))) report(check);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
