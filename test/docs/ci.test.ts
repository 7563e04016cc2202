/** The steps of the continuous integration: what they count, and what happens when time runs out. */
import { spawnSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';

interface Run {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** Runs these lines of bash between `begin` and `finish`. */
function run(total: number, script: string): Run {
  const text = `. .ci/steps.sh\nbegin ${total}\n${script}\nfinish`;
  const { status, stdout } = spawnSync('bash', ['-uo', 'pipefail', '-c', text], {
    encoding: 'utf8',
    cwd: `${import.meta.dirname}/../..`,
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

function ends(t: ExecutionContext, script: string, last: string, status: number): void {
  const found = run(60, script);
  t.is(found.lines.at(-1), last, found.lines.join('\n'));
  t.is(found.status, status);
}

test('steps: the closing lines of the suites are added up', (t) => {
  const script = `
    step runner 20 echo '3 passed, 0 failed'
    step udev 20 printf '%s\\n' 'ok 1' '4 passed, 0 failed, 2 skipped'
    step ava 20 printf '%s\\n' '  5 tests passed' '  1 test skipped' 'Lines : 99.6%'
    step install 20 true`;
  ends(t, script, '13 passed, 0 failed, 3 skipped', 0);
});

test('steps: a failed test fails the run, whatever the status of its suite is', (t) => {
  ends(t, "step runner 20 echo '3 passed, 1 failed'", '3 passed, 1 failed, 0 skipped', 1);
});

test('steps: a status other than 0 is a failure where no test failed', (t) => {
  const script = `step coverage 20 bash -c 'echo "  5 tests passed"; exit 1'`;
  ends(t, script, '5 passed, 1 failed, 0 skipped', 1);
});

test("steps: ava's uncaught exceptions are failures", (t) => {
  const script = `step ava 20 bash -c 'printf "%s\\n" "  5 tests passed" "  1 uncaught exception"; exit 1'`;
  ends(t, script, '5 passed, 1 failed, 0 skipped', 1);
});

test('steps: a run in which nothing passed fails', (t) => {
  ends(t, "step runner 20 echo '0 passed, 0 failed, 4 skipped'", '0 passed, 0 failed, 4 skipped', 1);
});

test('steps: a step that exceeds its seconds fails by its name, and the next one runs', (t) => {
  const { status, lines } = run(60, "step slow 1 sleep 60\nstep next 20 echo '2 passed, 0 failed'");
  t.true(lines.includes('FAILED slow: it has used up its 1 seconds'), lines.join('\n'));
  t.is(lines.at(-1), '2 passed, 1 failed, 0 skipped');
  t.is(status, 1);
});

test('steps: when the seconds of the whole run are used up, the steps that did not run are named', (t) => {
  const { status, lines } = run(1, 'step slow 20 sleep 60\nstep one 20 true\nstep two 20 true');
  t.true(lines.some((line) => line.startsWith('FAILED slow: it has used up what was left of the 1 seconds')));
  t.deepEqual(lines.slice(-3), [
    'FAILED: these steps did not run: one two',
    'FAILED: the whole run has used up its 1 seconds',
    '0 passed, 3 failed, 0 skipped',
  ]);
  t.is(status, 1);
});

test('steps: after give_up no step runs', (t) => {
  const { status, lines } = run(60, 'step first 20 true\ngive_up "no reason"\nstep one 20 echo ran');
  t.true(lines.includes('FAILED: no reason'));
  t.false(lines.includes('ran'));
  t.deepEqual(lines.slice(-2), ['FAILED: these steps did not run: one', '1 passed, 1 failed, 0 skipped']);
  t.is(status, 1);
});

test('steps: the run does not wait for a process that a step leaves behind', (t) => {
  const { status, lines } = run(60, "step daemon 20 bash -c 'setsid sleep 1000 & echo $!'");
  const pid = Number(lines.find((line) => /^\d+$/.test(line)));
  t.true(process.kill(pid, 'SIGKILL'), 'it was still there');
  t.is(lines.at(-1), '1 passed, 0 failed, 0 skipped');
  t.is(status, 0);
});
