/** Sample machine for the command tests: two PCI devices with the same short address, an mdev, and a PCI device without a node. */
import type { ExecutionContext } from 'ava';
import { type CliResult, runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

export const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

export interface Sample {
  readonly root: FakeRoot;
  readonly run: (...args: readonly string[]) => Promise<CliResult>;
}

export function sample(t: ExecutionContext): Sample {
  const root = fakeRoot(t);
  root.add({
    name: '0000:01:00.0',
    sysname: 'vfio0',
    driver: 'vfio-pci',
    group: '14',
    attributes: { vendor: '0x10de', device: '0x2204', numa_node: '0' },
  });
  root.add({ name: '10000:01:00.0', sysname: 'vfio1', driver: 'vfio-pci', group: '15' });
  root.add({ bus: 'mdev', name: uuid, sysname: 'vfio2', driver: 'nvidia-vgpu-vfio' });
  root.add({ name: '0000:03:00.0', sysname: 'vfio3', devnum: false, driver: 'vfio-pci', group: '16' });
  return { root, run: (...args) => runCli([...args, '--root', root.dir]) };
}

export const changes = [
  `create /dev/vfio/mdev/${uuid} -> ../devices/vfio2`,
  'create /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio0',
  'create /dev/vfio/pci/10000:01:00.0 -> ../devices/vfio1',
];
