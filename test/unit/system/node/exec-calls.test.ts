import * as fs from 'node:fs';
import test from 'ava';
import koffi from 'koffi';
import { closeOnExecByOne, loadExecCalls, stringVector } from '../../../../src/system/node/exec-calls.ts';
import { nodeFiles } from '../../../../src/system/node/files.ts';
import { readDescriptors } from '../../../../src/system/proc-self.ts';

const fcntl = koffi.load(null).func('int fcntl(int, int, ...)');

/** A descriptor that a program would inherit. */
function inheritedFd(t: { teardown(fn: () => void): void }): number {
  const fd = fs.openSync('/dev/null', 'r+');
  fcntl(fd, 2, 'int', 0);
  t.teardown(() => fs.closeSync(fd));
  return fd;
}

const isInherited = (fd: number): boolean =>
  readDescriptors(nodeFiles).some((found) => found.fd === fd && !found.closeOnExec);

test.serial('closeOnExecFrom sets close-on-exec from a number on, and keepOnExec clears it', async (t) => {
  const calls = await loadExecCalls();
  const low = inheritedFd(t);
  const high = calls.duplicateFrom(low, 200);
  t.teardown(() => fs.closeSync(high));
  t.true(high >= 200);
  t.false(isInherited(high), 'a duplicate has close-on-exec');
  calls.keepOnExec(high);
  t.true(isInherited(high));
  calls.closeOnExecFrom(200);
  t.deepEqual([isInherited(low), isInherited(high)], [true, false]);
  calls.keepOnExec(high);
  closeOnExecByOne(200, (fd) => fcntl(fd, 2, 'int', 1));
  t.deepEqual([isInherited(low), isInherited(high)], [true, false]);
});

test('stringVector has every byte of file names that are not UTF-8, and ends with a null pointer', (t) => {
  const { addresses } = stringVector(koffi, ['a\udcffb', '', 'é']);
  const strcmp = koffi.load(null).func('int strcmp(uintptr_t, void *)');
  for (const [index, text] of ['a\xffb', '', '\xc3\xa9'].entries())
    t.is(strcmp(addresses[index], Buffer.from(`${text}\0`, 'latin1')), 0);
  t.deepEqual([addresses.length, Number(addresses[3])], [4, 0]);
});

test.serial('makeBlocking clears O_NONBLOCK, and duplicateTo replaces a descriptor', async (t) => {
  const calls = await loadExecCalls();
  const fd = fs.openSync('/dev/null', fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  const other = inheritedFd(t);
  const flags = (number: number) => readDescriptors(nodeFiles).find((found) => found.fd === number);
  t.true(flags(fd)?.nonblocking);
  calls.duplicateTo(fd, other);
  t.true(flags(other)?.nonblocking);
  calls.makeBlocking(other);
  t.false(flags(other)?.nonblocking);
  fs.closeSync(fd);
});

test('failed calls throw their name and errno', async (t) => {
  const calls = await loadExecCalls();
  t.throws(() => calls.duplicateTo(9999, 9998), { message: 'dup2: EBADF' });
  t.throws(() => calls.keepOnExec(9999), { message: 'fcntl F_SETFD: EBADF' });
  t.throws(() => calls.execute('/none/such', ['such'], []), { message: 'execve: ENOENT' });
});

test('loadExecCalls fails with no-koffi if koffi is not installed', async (t) => {
  await t.throwsAsync(
    loadExecCalls(() => Promise.reject(new Error('no module'))),
    { code: 'no-koffi' },
  );
});
