/** Sample machines: a desktop, a server with SR-IOV, one with mediated and platform devices, and one with nodes of groups only. */
import * as fs from 'node:fs';
import type { FakeDevice, FakeRoot } from './fake-root.ts';

const ids = `10de  NVIDIA Corporation
\t2204  GA102 [GeForce RTX 3090]
\t1aef  GA102 High Definition Audio Controller
8086  Intel Corporation
\t4c01  11th Gen Core Processor PCIe Controller #1
\ta0c8  Tiger Lake-LP Smart Sound Technology Audio Controller
\t1592  Ethernet Controller E810-C for QSFP
\t1889  Ethernet Adaptive Virtual Function
\t347a  Ice Lake PCIe Root Port
\t4c9a  Iris Xe Graphics
\t0d8f  Ethernet Controller I225-V
144d  Samsung Electronics Co Ltd
\ta80a  NVMe SSD Controller PM9A1/PM9A3/980PRO
`;

const root0 = '/sys/devices/pci0000:00';

interface SampleDevice extends FakeDevice {
  /** `vendor device class`, with four, four and six hexadecimal digits. */
  readonly is?: string;
}

/** Returns a function that adds a device with these ids; devices with a VFIO driver get the next vfioN. */
function adder(root: FakeRoot): (device: SampleDevice) => ReturnType<FakeRoot['add']> {
  root.write('/usr/share/misc/pci.ids', ids);
  let next = 0;
  return ({ is, ...sample }) => {
    const [vendor, device, code] = (is ?? '').split(' ');
    const attributes = {
      ...(vendor ? { vendor: `0x${vendor}`, device: `0x${device}`, class: `0x${code}` } : {}),
      ...sample.attributes,
    };
    const vfio = sample.driver?.includes('vfio') ? { sysname: `vfio${next++}` } : {};
    return root.add({ ...sample, ...vfio, attributes });
  };
}

/** Adds a process that has these nodes open. */
function hold(root: FakeRoot, pid: number, command: string, ...nodes: string[]): void {
  root.write(`/proc/${pid}/comm`, `${command}\n`);
  root.write(`/proc/${pid}/status`, `Name:\t${command}\nUid:\t0\t0\t0\t0\n`);
  root.write(`/proc/${pid}/cgroup`, '0::/machine.slice\n');
  fs.mkdirSync(root.at(`/proc/${pid}/fd`), { recursive: true });
  fs.mkdirSync(root.at(`/proc/${pid}/fdinfo`), { recursive: true });
  for (const [index, node] of nodes.entries()) {
    root.linkWithTarget(`/proc/${pid}/fd/${index + 20}`, node);
    root.write(`/proc/${pid}/fdinfo/${index + 20}`, 'pos:\t0\n');
  }
}

export type Sample = (root: FakeRoot) => void;

/**
 * A graphics card whose two functions share a group and are open in QEMU; an unused SSD; and a network card
 * whose group is not viable because its audio device is bound to a host driver.
 */
export const desktop: Sample = (root) => {
  const add = adder(root);
  const port = { driver: 'pcieport', is: '8086 4c01 060400' } as const;
  add({ name: '0000:00:01.0', group: '1', ...port });
  const above = `${root0}/0000:00:01.0`;
  add({ name: '0000:01:00.0', parent: above, group: '14', driver: 'vfio-pci', is: '10de 2204 030000' });
  add({ name: '0000:01:00.1', parent: above, group: '14', driver: 'vfio-pci', is: '10de 1aef 040300' });
  add({ name: '0000:00:1c.0', group: '8', ...port });
  const parent = `${root0}/0000:00:1c.0`;
  add({ name: '0000:05:00.0', parent, group: '17', driver: 'vfio-pci', is: '144d a80a 010802' });
  add({ name: '0000:00:1f.0', group: '10', driver: 'vfio-pci', is: '8086 0d8f 020000' });
  add({ name: '0000:00:1f.3', group: '10', driver: 'snd_hda_intel', is: '8086 a0c8 040300' });
  hold(root, 812, 'qemu-system-x86', '/dev/vfio/devices/vfio0', '/dev/vfio/devices/vfio1');
};

/** A network card with two ports and 64 VFs: some in use, some bound to a host driver, some free. */
export const server: Sample = (root) => {
  const add = adder(root);
  const top = '/sys/devices/pci0000:40';
  add({ name: '0000:40:01.0', parent: top, group: '30', driver: 'pcieport', is: '8086 347a 060400' });
  const parent = `${top}/0000:40:01.0`;
  const pfs = ['0000:41:00.0', '0000:41:00.1'].map((name, index) =>
    add({
      name,
      parent,
      group: String(40 + index),
      driver: 'ice',
      is: '8086 1592 020000',
      attributes: { numa_node: '1' },
    }),
  );
  const openNodes: string[] = [];
  for (let index = 0; index < 64; index++) {
    const number = index + 8;
    const name = `0000:41:${(number >> 3).toString(16).padStart(2, '0')}.${number & 7}`;
    const pf = pfs[index < 60 ? 0 : 1];
    if (!pf) throw new Error('no physical function');
    const vf = add({
      name,
      parent,
      group: String(50 + index),
      driver: index % 9 === 4 ? 'iavf' : 'vfio-pci',
      is: '8086 1889 020000',
    });
    root.linkTo(`${vf.syspath}/physfn`, pf.syspath);
    root.linkTo(`${pf.syspath}/virtfn${index < 60 ? index : index - 60}`, vf.syspath);
    if (vf.sysname !== '' && index % 4 === 0) openNodes.push(`/dev/vfio/devices/${vf.sysname}`);
  }
  for (const [index, node] of openNodes.entries()) hold(root, 2000 + index, 'qemu-kvm', node);
};

/** A GPU with four mediated devices, a platform and an AMBA device, and a PCI device in no-IOMMU mode. */
export const mixed: Sample = (root) => {
  const add = adder(root);
  add({ name: '0000:00:02.0', group: '2', driver: 'i915', is: '8086 4c9a 030000' });
  const parent = `${root0}/0000:00:02.0`;
  for (const [index, type] of [
    'i915-GVTg_V5_4',
    'i915-GVTg_V5_4',
    'i915-GVTg_V5_8',
    'i915-GVTg_V5_8',
  ].entries()) {
    const name = `83b8f4f2-509f-382f-3c1e-e6bfe0fa100${index}`;
    const mdev = add({ bus: 'mdev', name, parent, group: String(20 + index), driver: 'vfio_mdev' });
    root.linkTo(`${mdev.syspath}/mdev_type`, `${parent}/mdev_supported_types/${type}`);
  }
  const soc = '/sys/devices/platform';
  add({ bus: 'platform', name: 'fe650000.dma', parent: soc, group: '31', driver: 'vfio-platform' });
  add({ bus: 'amba', name: '2b600000.etr', parent: soc, group: '32', driver: 'vfio-amba' });
  root.add({
    name: '0000:03:00.0',
    sysname: 'noiommu-vfio9',
    devnum: false,
    group: '33',
    driver: 'vfio-pci',
  });
  hold(root, 77, 'cloud-hypervisor', '/dev/vfio/devices/vfio1');
};

/** A kernel with nodes of groups only: one group in use, one that a driver of the host keeps closed, one without an IOMMU. */
export const groups: Sample = (root) => {
  const add = adder(root);
  const bound = { devnum: false, driver: 'vfio-pci' } as const;
  add({ ...bound, name: '0000:01:00.0', group: '14', is: '10de 2204 030000' });
  add({ ...bound, name: '0000:01:00.1', group: '14', is: '10de 1aef 040300' });
  add({ ...bound, name: '0000:00:1f.0', group: '10', is: '8086 0d8f 020000' });
  add({ name: '0000:00:1f.3', group: '10', driver: 'snd_hda_intel', is: '8086 a0c8 040300' });
  add({ ...bound, name: '0000:05:00.0', group: '33', is: '144d a80a 010802' });
  for (const node of ['14', '10', 'noiommu-33']) root.addGroup(node);
  hold(root, 812, 'qemu-system-x86', root.at('/dev/vfio/14'));
};

export const samples = { desktop, server, mixed, groups } as const;
