import test from 'ava';
import { candidates, replaceProcess } from '../../../src/exec/replace-process.ts';
import { Executed, type FakeExec, fakeExec } from '../../support/fake-exec.ts';

test('candidates searches PATH for a name without a slash only', (t) => {
  t.deepEqual(candidates('prog', '/a:/b/c'), ['/a/prog', '/b/c/prog']);
  t.deepEqual(candidates('prog', ':/b:'), ['./prog', '/b/prog', './prog']);
  t.deepEqual(candidates('prog'), ['/usr/bin/prog', '/bin/prog']);
  for (const path of ['/bin/prog', './prog', 'dir/prog']) t.deepEqual(candidates(path, '/a'), [path]);
});

const request = { command: 'prog', args: ['x'], environment: ['PATH=/a:/b:/c'], fds: [9] };

/** The paths that are tried, and the path that is executed or the exit status. */
function outcome(fake: FakeExec): [string[], string | number] {
  let end: string | number;
  try {
    end = replaceProcess(fake.calls, fake.files, request).status;
  } catch (error) {
    if (!(error instanceof Executed)) throw error;
    end = error.path;
  }
  return [fake.log.filter((line) => line.startsWith('execute ')).map((line) => line.slice(8)), end];
}

for (const [title, programs, tried, end] of [
  ['the first program in PATH', { '/b/prog': '', '/c/prog': '' }, ['/a/prog', '/b/prog'], '/b/prog'],
  [
    'a later program if an earlier one is not executable',
    { '/a/prog': 'EACCES', '/b/prog': 'ENOTDIR', '/c/prog': '' },
    ['/a/prog', '/b/prog', '/c/prog'],
    '/c/prog',
  ],
  [
    'nothing, with status 126, if the only one is not executable',
    { '/a/prog': 'EACCES' },
    ['/a/prog', '/b/prog', '/c/prog'],
    126,
  ],
  ['nothing after a file that is not a program', { '/a/prog': 'ENOEXEC', '/b/prog': '' }, ['/a/prog'], 126],
  ['nothing, with status 127, if there is none', {}, ['/a/prog', '/b/prog', '/c/prog'], 127],
] as const)
  test(`replaceProcess executes ${title}`, (t) => {
    const fake = fakeExec({}, { programs: { ...programs } });
    fake.state.descriptors.set(9, { of: 9, closeOnExec: true, nonblocking: true });
    t.deepEqual(outcome(fake), [[...tried], end]);
  });

test('replaceProcess passes descriptors whose numbers are those of other ones', (t) => {
  const fake = fakeExec();
  for (const fd of [3, 4, 5])
    fake.state.descriptors.set(fd, { of: fd, closeOnExec: true, nonblocking: true });
  const executed = t.throws(
    () => replaceProcess(fake.calls, fake.files, { ...request, command: '/bin/prog', fds: [5, 4, 3] }),
    { instanceOf: Executed },
  );
  t.deepEqual(executed?.descriptors, { 0: 0, 1: 1, 2: 2, 3: 5, 4: 4, 5: 3 });
});

test('replaceProcess rethrows errors without an errno', (t) => {
  const bug = () => {
    throw new TypeError('bug');
  };
  const early = fakeExec({ resetSignals: bug });
  t.throws(() => replaceProcess(early.calls, early.files, { ...request, fds: [3] }), {
    instanceOf: TypeError,
  });
  const late = fakeExec({ execute: bug });
  t.throws(() => replaceProcess(late.calls, late.files, { ...request, fds: [3] }), {
    instanceOf: TypeError,
  });
});
