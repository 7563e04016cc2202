/** Checks the result of a run in which one system call failed. */
import type { FaultCase } from './acts.ts';
import type { Call, Fault, Run } from './strace.ts';

type State = Readonly<Record<string, string>>;

export interface Outcome {
  readonly call: Call;
  readonly fault: Fault;
  readonly run: Run;
  /** The state after the run with the fault. */
  readonly state: State;
  /** Entries of the directories that do not belong to the old or the new state. */
  readonly leftovers: readonly string[];
  /** The next run of the same command, without a fault. */
  readonly nextRun: {
    readonly status: number | null;
    readonly err: string;
    readonly state: State;
    readonly entries: readonly string[];
    /** Those entries that are empty directories. */
    readonly empty: readonly string[];
  };
}

export interface Expected {
  readonly before: State;
  readonly after: State;
  readonly entriesAfter: readonly string[];
  readonly status: number | null;
  readonly isPartial: NonNullable<FaultCase['isPartial']>;
}

/** Returns the problems, one line each. */
export function* problemsOf(outcome: Outcome, expected: Expected): Generator<string> {
  const { run, state, fault, nextRun } = outcome;
  for (const path of new Set([
    ...Object.keys(state),
    ...Object.keys(expected.before),
    ...Object.keys(expected.after),
  ])) {
    const now = state[path];
    // A killed process cannot remove its temporary files; the next run does.
    if (fault === 'kill' && path.includes('/.vfio-names-')) continue;
    // The command removes a link if the injected error is ENOENT, since then the device's directory seems to be gone.
    const gone = now === undefined && fault !== 'kill' && fault.errno === 'ENOENT';
    // A link to another device's node is taken away before the right one comes.
    const [old, correct] = [expected.before[path], expected.after[path]];
    const isWrongLink = path.startsWith('pci/') && old !== undefined && old !== correct;
    if (now === undefined && isWrongLink) continue;
    const isPartial =
      now !== undefined && correct !== undefined && expected.isPartial(now, correct, run.err, fault);
    if (now !== expected.before[path] && now !== expected.after[path] && !gone && !isPartial)
      yield `${path} has neither its old nor its new content: ${JSON.stringify(now)}; stderr: ${run.err}`;
  }
  if (fault !== 'kill') {
    if (run.signal !== null) yield `the run was killed by ${run.signal}`;
    yield* stderrProblems(run);
    if (outcome.leftovers.length > 0 && !run.hit?.startsWith('unlink'))
      yield `the run left ${outcome.leftovers.join(', ')}`;
  }
  if (nextRun.status !== expected.status)
    yield `the next run exited with status ${nextRun.status}: ${nextRun.err}`;
  for (const path of new Set([...Object.keys(nextRun.state), ...Object.keys(expected.after)]))
    if (nextRun.state[path] !== expected.after[path])
      yield `the next run did not set ${path} to its new content`;
  // Nothing proves that a directory that is empty already is ours, so it stays if its removal failed or was not reached.
  const isRemovalMissed = fault === 'kill' || /^rmdir|AT_REMOVEDIR/.test(outcome.call.line);
  const extra = nextRun.entries.filter(
    (path) => !expected.entriesAfter.includes(path) && !(isRemovalMissed && nextRun.empty.includes(path)),
  );
  if (extra.length > 0) yield `the next run left ${extra.join(', ')}`;
}

/** Each line on stderr must have one of our prefixes, and a failed run must print a line that names a path, a device or standard output. */
function* stderrProblems({ status, err }: Run): Generator<string> {
  const lines = err.split('\n').filter((line) => line !== '');
  for (const line of lines)
    if (!/^(vfio-names: |[a-z]+ |warning: )/.test(line)) yield `unexpected line on stderr: ${line}`;
  if (status !== 0 && lines.length === 0) yield `status ${status} without an error message`;
  if (status !== 0 && lines.length > 0 && !lines.some((line) => /\/|0000:|standard output/.test(line)))
    yield `no path or device in: ${err}`;
}
