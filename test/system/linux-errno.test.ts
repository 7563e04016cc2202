import { constants } from 'node:os';
import test from 'ava';
import { linuxErrno } from '../../src/system/linux-errno.ts';

test('every number that it knows has the name that this machine gives it', (t) => {
  const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP']);
  const known = Object.entries(constants.errno).filter(
    ([name, number]) => number <= 34 && !aliases.has(name),
  );
  t.true(known.length > 30);
  for (const [name, number] of known) t.is(linuxErrno(number), name);
  for (const name of ['ENAMETOOLONG', 'ENOTEMPTY', 'ELOOP', 'ENODATA', 'ESTALE'] as const)
    t.is(linuxErrno(constants.errno[name]), name);
});

test('a number without a name gives E and the number', (t) => {
  t.is(linuxErrno(4095), 'E4095');
});
