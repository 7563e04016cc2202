import test from 'ava';
import { select } from '../../src/rules/udev-match.ts';

test('a fact of vfio_id that is not there is fitted by no pattern, not even by *', (t) => {
  const keys = (negate: boolean) =>
    select([
      { fact: 'bus', negate: false, patterns: ['pci'] },
      { fact: 'pf', negate, patterns: ['*'] },
    ]).flatMap((one) => one.imported);
  t.true(keys(false).includes('ENV{ID_VFIO_PF}=="?*"'));
  t.true(keys(true).includes('ENV{ID_VFIO_PF}!="?*"'));
});
