import test from 'ava';
import { computeVfIndex } from '../../../../src/devices/facts/vf-index.ts';
import { readFact } from '../../../../src/devices/facts.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { hookedFiles } from '../../../support/hooked-files.ts';

/** Adds a PF with two VFs; the second VF is on the next bus and has the same device and function numbers as the PF. */
function withVfs(
  root: FakeRoot,
  attributes: Record<string, string> = { sriov_offset: '1', sriov_stride: '255' },
) {
  const parent = '/sys/devices/pci0000:00/0000:00:06.0';
  const pf = root.add({ name: '0000:01:00.0', sysname: 'vfio0', parent, attributes });
  const vfs = ['0000:01:00.1', '0000:02:00.0'].map((name, index) => {
    const vf = root.add({ name, sysname: `vfio${index + 1}`, parent });
    root.linkTo(`${vf.syspath}/physfn`, pf.syspath);
    root.linkTo(`${pf.syspath}/virtfn${index}`, vf.syspath);
    return vf;
  });
  return { pf, vfs };
}

test('a VF has an index and the path of its physical function with -vfN', (t) => {
  const root = fakeRoot(t);
  const { pf, vfs } = withVfs(root);
  const read = (device: typeof pf, fact: 'path' | 'vf' | 'pf' | 'function') =>
    readFact(fakeFiles, root.dir, device, fact);
  t.is(read(pf, 'path'), 'pci0000_00-06.0-00.0');
  t.is(read(pf, 'vf'), undefined);
  t.deepEqual(
    vfs.map((vf) => read(vf, 'path')),
    ['pci0000_00-06.0-00.0-vf0', 'pci0000_00-06.0-00.0-vf1'],
  );
  t.deepEqual(
    vfs.map((vf) => read(vf, 'vf')),
    ['0', '1'],
  );
  t.deepEqual(
    vfs.map((vf) => read(vf, 'pf')),
    [pf.name, pf.name],
  );
  t.deepEqual(
    vfs.map((vf) => read(vf, 'function')),
    ['1', '0'],
  );
});

test('computeVfIndex computes the index without listing all VFs, and lists them if sriov_offset and sriov_stride are wrong or missing', (t) => {
  const root = fakeRoot(t);
  const { vfs } = withVfs(root);
  const [, second] = vfs;
  if (!second) return t.fail();
  const calls: string[] = [];
  const files = hookedFiles(({ name }) => calls.push(name));
  t.is(readFact(files, root.dir, second, 'vf'), '1');
  t.false(calls.includes('list'));
  for (const attributes of [{ sriov_offset: '9', sriov_stride: '1' }, {}]) {
    const other = fakeRoot(t);
    t.is(readFact(fakeFiles, other.dir, withVfs(other, attributes).vfs[1] ?? second, 'vf'), '1');
  }
});

test('indexOf returns undefined for a fractional or negative index', (t) => {
  const pf = '0000:01:00.0';
  t.is(computeVfIndex('0000:01:10.2', pf, '128\n', '2\n'), '1');
  t.is(computeVfIndex('0000:01:10.1', pf, '128', '2'), undefined);
  t.is(computeVfIndex('0000:01:00.1', pf, '128', '2'), undefined);
  t.is(computeVfIndex('0000:01:10.0', pf, '128', '0'), '0');
  t.is(computeVfIndex('0000:01:10.1', pf, '128', '0'), undefined);
  t.is(computeVfIndex('0000:01:10.0', pf, undefined, '1'), undefined);
  t.is(computeVfIndex('0000:01:10.0', pf, 'x', '1'), undefined);
  t.is(computeVfIndex('x', pf, '1', '1'), undefined);
});
