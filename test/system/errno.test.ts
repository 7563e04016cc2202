import test from 'ava';
import { errnoName } from '../../src/system/errno.ts';

test('errnoName returns the names of the manual pages', (t) => {
  t.deepEqual([1, 2, 11, 13, 16, 19, 22, 25, 77, 95].map(errnoName), [
    'EPERM',
    'ENOENT',
    'EAGAIN',
    'EACCES',
    'EBUSY',
    'ENODEV',
    'EINVAL',
    'ENOTTY',
    'EBADFD',
    'EOPNOTSUPP',
  ]);
});

test('errnoName returns E and the number for a number without a name', (t) => {
  t.is(errnoName(4000), 'E4000');
});
