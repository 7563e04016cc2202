import { constants } from 'node:os';
import test from 'ava';
import { linuxErrno } from '../../../../src/system/quickjs/errno.ts';

test('linuxErrno returns the names of this machine for all known numbers', (t) => {
  const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP']);
  const known = Object.entries(constants.errno).filter(
    ([name, number]) => number <= 34 && !aliases.has(name),
  );
  t.true(known.length > 30);
  for (const [name, number] of known) t.is(linuxErrno(number), name);
  for (const name of ['ENAMETOOLONG', 'ENOTEMPTY', 'ELOOP', 'ENODATA', 'ESTALE'] as const)
    t.is(linuxErrno(constants.errno[name]), name);
});

test('linuxErrno returns E and the number for a number without a name', (t) => {
  t.is(linuxErrno(4095), 'E4095');
});
