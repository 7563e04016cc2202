import test from 'ava';
import { compileMatch } from '../../../src/udev/match.ts';

test('no pattern matches a missing fact of vfio_id, not even *', (t) => {
  const keys = (negate: boolean) =>
    compileMatch([
      { fact: 'bus', negate: false, patterns: ['pci'] },
      { fact: 'pf', negate, patterns: ['*'] },
    ]).flatMap((selection) => selection.helperKeys);
  t.true(keys(false).includes('ENV{ID_VFIO_PF}=="?*"'));
  t.true(keys(true).includes('ENV{ID_VFIO_PF}!="?*"'));
});
