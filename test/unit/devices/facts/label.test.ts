import test from 'ava';
import { findLabel } from '../../../../src/devices/facts/label.ts';
import { readFact } from '../../../../src/devices/facts.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { hookedFiles } from '../../../support/hooked-files.ts';

const ids = `# a comment
0001  SafeNet (wrongly programmed)
10de  NVIDIA Corporation
\t2204  GA102 [GeForce RTX 3090]
\t\t1043 1467  a subsystem
# among products
\t2205  GA102
1002  Advanced Micro Devices
\t2206  not NVIDIA's
C 03  Display controller
\t00  VGA
`;

test('findLabel returns vendor and product', (t) => {
  t.is(findLabel(ids, '0x10de', '0x2204'), 'NVIDIA Corporation GA102 [GeForce RTX 3090]');
  t.is(findLabel(ids, '0x10de', '0x2205'), 'NVIDIA Corporation GA102');
  t.is(findLabel(ids, '0x10de', '0x2206'), 'NVIDIA Corporation Device 2206');
  t.is(findLabel(ids, '0x1002', '0x2206'), "Advanced Micro Devices not NVIDIA's");
  t.is(findLabel(ids, '0xffff', '0x0000'), undefined);
  t.is(findLabel('10de  X\n\t0001  Y', '0x10de', '0x0001'), 'X Y');
  t.is(findLabel('', '0x10de', '0x0001'), undefined);
});

test('readLabel reads pci.ids once in a run, and again in the next one', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({
    name: '0000:01:00.0',
    sysname: 'vfio0',
    attributes: { vendor: '0x10de', device: '0x2204' },
  });
  let reads = 0;
  const files = hookedFiles(({ name, path }) => {
    if (name === 'read' && path.endsWith('pci.ids')) reads++;
  });
  const label = () => readFact(files, root.dir, device, 'label');
  t.is(label(), undefined);
  await Promise.resolve();
  root.write('/usr/share/hwdata/pci.ids', ids);
  t.is(label(), 'NVIDIA Corporation GA102 [GeForce RTX 3090]');
  t.is(label(), 'NVIDIA Corporation GA102 [GeForce RTX 3090]');
  t.is(reads, 1);
  await Promise.resolve();
  root.write('/usr/share/misc/pci.ids', '10de  New\n');
  t.is(label(), 'New Device 2204');
  const platform = root.add({ bus: 'platform', name: 'lpss.0', sysname: 'vfio1' });
  t.is(readFact(files, root.dir, platform, 'label'), undefined);
});
