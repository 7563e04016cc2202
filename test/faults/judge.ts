/** What may never be, whatever call failed. Pure. */
import type { Call, Fault, Run } from './strace.ts';

type State = Readonly<Record<string, string>>;

export interface Outcome {
  readonly call: Call;
  readonly fault: Fault;
  readonly run: Run;
  /** Right after the run. */
  readonly state: State;
  /** What lies in the directories and belongs to neither state. */
  readonly left: readonly string[];
  /** The next run, without a fault. */
  readonly again: {
    readonly status: number | null;
    readonly err: string;
    readonly state: State;
    readonly entries: readonly string[];
  };
}

export interface Expected {
  readonly before: State;
  readonly after: State;
  readonly last: readonly string[];
  readonly status: number | null;
}

export function* complaints(outcome: Outcome, expected: Expected): Generator<string> {
  const { run, state, fault, again } = outcome;
  for (const path of new Set([
    ...Object.keys(state),
    ...Object.keys(expected.before),
    ...Object.keys(expected.after),
  ])) {
    const now = state[path];
    // Who is killed can't clear away; the next run does.
    if (fault === 'kill' && path.includes('/.vfio-names-')) continue;
    // Who is told that a device's directory is not there must take its name away.
    const gone = now === undefined && fault !== 'kill' && fault.errno === 'ENOENT';
    if (now !== expected.before[path] && now !== expected.after[path] && !gone)
      yield `${path} is neither the old nor the new one: ${now?.slice(0, 80)}`;
  }
  if (fault !== 'kill') {
    if (run.signal !== null) yield `it died by ${run.signal}`;
    yield* oneLineEach(run);
    if (outcome.left.length > 0 && !run.hit?.startsWith('unlink')) yield `it left ${outcome.left.join(', ')}`;
  }
  if (again.status !== expected.status) yield `the next run ended with ${again.status}: ${again.err}`;
  for (const path of new Set([...Object.keys(again.state), ...Object.keys(expected.after)]))
    if (again.state[path] !== expected.after[path]) yield `the next run did not bring ${path}`;
  const extra = again.entries.filter((path) => !expected.last.includes(path));
  if (extra.length > 0) yield `the next run left ${extra.join(', ')}`;
}

/** A fault that is told is told in lines of ours, and one of them names a path. */
function* oneLineEach({ status, err }: Run): Generator<string> {
  const lines = err.split('\n').filter((line) => line !== '');
  for (const line of lines) if (!/^(vfio-names: |[a-z]+ |warning: )/.test(line)) yield `it said ${line}`;
  if (status !== 0 && lines.length === 0) yield `status ${status} without a word`;
  if (status !== 0 && lines.length > 0 && !lines.some((line) => line.includes('/')))
    yield `no path in: ${err}`;
}
