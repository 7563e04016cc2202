/** The sample machine of the demo. */
import * as fs from 'node:fs';
import { FakeRoot } from '../support/fake-root.ts';

export interface Sample {
  /** Whether device nodes could be created, which needs root. */
  readonly nodes: boolean;
  readonly contents: string;
}

/** The lines of pci.ids for the devices of the sample machine. */
const pciIds = `8086  Intel Corporation
\t1533  I210 Gigabit Network Connection
\t154c  Ethernet Virtual Function 700 Series
\t1572  Ethernet Controller X710 for 10GbE SFP+
`;

const ids = { vendor: '0x8086', class: '0x020000', revision: '0x02', numa_node: '0' };

/** Creates two PFs with four VFs each, an mdev, a platform device below a PCI device, a device without a node, and a foreign file. */
export function buildSample(directory: string): Sample {
  const root = new FakeRoot(directory);
  root.write('/usr/share/misc/pci.ids', pciIds);
  let number = 0;
  const sysname = (): string => `vfio${number++}`;
  for (const [index, bus] of ['01', '02'].entries()) {
    const parent = `/sys/devices/pci0000:00/0000:00:0${index + 1}.0`;
    const group = (member: number): string => String(10 + index * 5 + member);
    const pf = root.add({
      name: `0000:${bus}:00.0`,
      sysname: sysname(),
      parent,
      driver: 'vfio-pci',
      group: group(0),
      attributes: { ...ids, device: '0x1572', sriov_offset: '1', sriov_stride: '1', sriov_totalvfs: '4' },
    });
    for (let vf = 0; vf < 4; vf++) {
      const name = `0000:${bus}:00.${vf + 1}`;
      root.add({
        name,
        sysname: sysname(),
        parent,
        driver: 'vfio-pci',
        group: group(vf + 1),
        attributes: { ...ids, device: '0x154c' },
      });
      root.linkTo(`${parent}/${name}/physfn`, pf.syspath);
      root.linkTo(`${pf.syspath}/virtfn${vf}`, `${parent}/${name}`);
    }
  }
  const mdevParent = '/sys/devices/pci0000:00/0000:00:03.0';
  const mdev = root.add({
    bus: 'mdev',
    name: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
    sysname: sysname(),
    parent: mdevParent,
    driver: 'nvidia-vgpu-vfio',
    group: '20',
  });
  root.linkTo(`${mdev.syspath}/mdev_type`, `${mdevParent}/mdev_supported_types/nvidia-256`);
  root.add({
    bus: 'platform',
    name: 'dma.0',
    sysname: sysname(),
    parent: mdevParent,
    driver: 'vfio-platform',
    group: '21',
  });
  root.add({
    name: '0000:03:00.0',
    sysname: sysname(),
    devnum: false,
    driver: 'vfio-pci',
    group: '22',
    attributes: { ...ids, device: '0x1533' },
  });
  root.write('/dev/vfio/pci/0000:02:00.0', 'somebody put a file here\n');
  return {
    nodes: fs.lstatSync(root.at('/dev/vfio/devices/vfio0')).isCharacterDevice(),
    contents:
      'two network cards with four VFs each, an mdev, a platform device below a PCI device, a device without a node, and a file in the way of a name',
  };
}
