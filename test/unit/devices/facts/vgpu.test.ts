import test from 'ava';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('the profile of a vGPU is a number, and absent while none is set', (t) => {
  const root = fakeRoot(t);
  const vf = root.add({ name: '0000:c1:00.4', sysname: 'vfio0' });
  const read = () => readFact(fakeFiles, root.dir, vf, 'vgpuType');
  t.is(read(), undefined);
  for (const [text, expected] of [
    ['1155\n', '1155'],
    ['0\n', undefined],
    ['', undefined],
    ['nvidia-1155\n', undefined],
    ['99999999999\n', undefined],
  ] as const) {
    root.write(`${vf.syspath}/nvidia/current_vgpu_type`, text);
    t.is(read(), expected, text);
  }
});
