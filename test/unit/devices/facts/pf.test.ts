import test from 'ava';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';

test('a VF has the driver and the first network interface of its physical function', (t) => {
  const root = fakeRoot(t);
  const pf = root.add({ name: '0000:01:00.0', driver: 'ice' });
  const vf = root.add({ name: '0000:01:00.1', sysname: 'vfio0' });
  const fact = (name: 'pfNet' | 'pfDriver', device = vf) => readFact(fakeFiles, root.dir, device, name);
  t.deepEqual([fact('pfNet'), fact('pfDriver')], [undefined, undefined]);
  root.linkTo(`${vf.syspath}/physfn`, pf.syspath);
  t.deepEqual([fact('pfNet'), fact('pfDriver')], [undefined, 'ice']);
  for (const name of ['enp1s0f10', 'enp1s0f2']) root.write(`${pf.syspath}/net/${name}/ifindex`, '3\n');
  t.is(fact('pfNet'), 'enp1s0f2');
  t.deepEqual([fact('pfNet', pf), fact('pfDriver', pf)], [undefined, undefined]);
});
