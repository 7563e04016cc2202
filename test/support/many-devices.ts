/** A machine with thousands of devices of all kinds, and what its names, groups and access must be, by the numbers it is made from. */
import type { FakeRoot } from './fake-root.ts';

/** A device bound to a VFIO driver, with what is known about it. */
export interface ManyDevice {
  readonly bus: string;
  readonly name: string;
  /** `vfio3` */
  readonly sysname: string;
  readonly syspath: string;
  readonly group: string;
  /** The links that the policy of the machine gives it, relative to /dev/vfio; those of its group are the same below groups/. */
  readonly names: readonly string[];
  /** `GID MODE` of its node. */
  readonly access: string;
}

/** The policy of the machine. */
export const manyPolicy = `
[names]
by-path = true
by-tag = true
by-serial = true
by-sriov = true
by-slot = true
groups = true

[names.by-alias]
ALIASES
[[link]]
match = { bus = "fsl-mc" }
name = "by-object/{{driver}}/{{name}}"

[[access]]
match = { bus = "mdev" }
group = "kvm"

[[access]]
match = { pf = "*" }
owner = "qemu"
mode = "0600"

[[access]]
match = { bus = "platform" }
group = "audio"
mode = "0640"
`;

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const tag = (bus: string, name: string): string => `by-tag/${bus}-${name.replace(/[:.]/g, '_')}`;
/** What the directory of each device contains. */
const attributes = { vendor: '0x8086', device: '0x1572', class: '0x020000', numa_node: '0' };

/** A configuration space with a serial number in its first extended capability, and the number as lspci prints it. */
function serialOf(card: number): { readonly config: Uint8Array; readonly serial: string } {
  const config = new Uint8Array(0x110);
  config.set([0x03, 0x00, 0x01, 0x00], 0x100);
  const bytes = [0xa0, 0x36, 0x9f, 0xff, 0xfe, card >> 16, (card >> 8) & 0xff, card & 0xff];
  config.set(bytes.toReversed(), 0x104);
  return { config, serial: bytes.map((byte) => hex(byte, 2)).join('-') };
}

/** Builds the machine: of 16 devices, 8 are functions of a card, 5 are VFs, and one each is on mdev, platform and fsl-mc. */
export function addManyDevices(root: FakeRoot, count: number): ManyDevice[] {
  const devices: ManyDevice[] = [];
  const aliases: string[] = [];
  const seen = { card: 0, vf: 0, mdev: 0, platform: 0, object: 0 };
  const add = (
    found: { readonly bus: string; readonly name: string; readonly parent: string; readonly driver: string },
    group: number,
    access: string,
    names: readonly string[],
    extra: Readonly<Record<string, string>> = {},
  ): string => {
    const { bus, name, parent, driver } = found;
    const index = devices.length;
    // Another order than that of the names; the factor is odd and `count` a power of two.
    const sysname = `vfio${(index * 7 + 3) % count}`;
    const minor = (index * 7 + 3) % count;
    root.add({
      bus,
      name,
      parent,
      driver,
      sysname,
      devnum: `247:${minor}`,
      group: String(group),
      attributes: { ...(bus === 'pci' && attributes), ...extra },
    });
    const alias = index % 64 === 5 ? [`by-alias/a${index}`] : [];
    if (alias.length > 0) aliases.push(`a${index} = { bus = "${bus}", name = "${name}" }`);
    devices.push({
      bus,
      name,
      sysname,
      syspath: `${parent}/${name}`,
      group: String(group),
      names: [`${bus}/${name}`, tag(bus, name), ...names, ...alias],
      access,
    });
    return `${parent}/${name}`;
  };
  const groups = new Set<number>();
  const groupNode = (group: number): number => {
    if (!groups.has(group)) root.addGroup(String(group), `243:${group}`);
    groups.add(group);
    return group;
  };
  for (let index = 0; index < count; index++) {
    const kind = index % 16;
    if (kind < 8) {
      // Eight functions of a card behind a port of its own; two functions share a group.
      const [card, number] = [seen.card >> 3, seen.card & 7];
      seen.card++;
      const place = card % 200;
      const domain = Math.floor(card / 200);
      const top = domain % 2 === 0 ? hex(domain, 4) : hex(0x10000 + domain, 5);
      const port = `${hex(place >> 3, 2)}.${place & 7}`;
      const parent = `/sys/devices/pci${top}:00/${top}:00:${port}`;
      const name = `${top}:${hex(place + 1, 2)}:00.${number}`;
      if (number === 0) {
        root.add({
          name: `${top}:00:${port}`,
          parent: `/sys/devices/pci${top}:00`,
          driver: 'pcieport',
          attributes: { ...attributes, class: '0x060400' },
        });
        root.write(`/sys/bus/pci/slots/${card}/address`, `${top}:${hex(place + 1, 2)}:00\n`);
      }
      const { config, serial } = serialOf(card);
      const syspath = add(
        { bus: 'pci', name, parent, driver: 'vfio-pci' },
        groupNode(1 + (card << 2) + (number >> 1)),
        '0:0 600',
        [
          `by-path/pci${top}_00-${port}-00.${number}`,
          `by-serial/${serial}.${number}`,
          `by-slot/${card}.${number}`,
        ],
      );
      root.write(`${syspath}/config`, config);
    } else if (kind < 13) {
      // 128 VFs of a physical function, at its routing ID plus 16.
      const [pf, vf] = [seen.vf >> 7, seen.vf & 127];
      seen.vf++;
      const top = hex(0x2000 + pf, 4);
      const parent = `/sys/devices/pci${top}:00/${top}:00:01.0`;
      if (vf === 0) {
        root.add({
          name: `${top}:00:01.0`,
          parent: `/sys/devices/pci${top}:00`,
          driver: 'pcieport',
          attributes: { ...attributes, class: '0x060400' },
        });
        root.add({
          name: `${top}:01:00.0`,
          parent,
          driver: 'ice',
          attributes: { ...attributes, sriov_offset: '16', sriov_stride: '1' },
        });
      }
      const name = `${top}:01:${hex((vf + 16) >> 3, 2)}.${(vf + 16) & 7}`;
      const syspath = add(
        { bus: 'pci', name, parent, driver: 'vfio-pci' },
        groupNode(100_000 + index),
        '107:0 600',
        [`by-path/pci${top}_00-01.0-00.0-vf${vf}`, `by-sriov/${top}:01:00.0/vf${vf}`],
      );
      root.linkTo(`${syspath}/physfn`, `${parent}/${top}:01:00.0`);
      root.linkTo(`${parent}/${top}:01:00.0/virtfn${vf}`, syspath);
    } else if (kind === 13) {
      const number = seen.mdev++;
      const parent = `/sys/devices/pci3000:00/3000:00:${hex((number >> 7) & 31, 2)}.0`;
      const name = `5fa1b5c2-0000-4000-8000-${hex(number, 12)}`;
      const syspath = add(
        { bus: 'mdev', name, parent, driver: 'nvidia-vgpu-vfio' },
        groupNode(100_000 + index),
        '0:104 660',
        [],
      );
      root.linkTo(`${syspath}/mdev_type`, `${parent}/mdev_supported_types/nvidia-${63 + (number % 4)}`);
    } else if (kind === 14) {
      const name = `${hex(0xfe000000 + seen.platform++ * 0x1000, 8)}.dma`;
      add(
        { bus: 'platform', name, parent: '/sys/devices/platform', driver: 'vfio-platform' },
        groupNode(100_000 + index),
        '0:63 640',
        [],
      );
    } else {
      const name = `dpni.${seen.object++}`;
      add(
        {
          bus: 'fsl-mc',
          name,
          parent: '/sys/devices/platform/80c000000.fsl-mc/dprc.1',
          driver: 'vfio-fsl-mc',
        },
        groupNode(100_000 + index),
        '0:0 600',
        [`by-object/vfio-fsl-mc/${name}`],
      );
    }
  }
  root.write('/etc/passwd', 'root:x:0:0::/:/bin/sh\nqemu:x:107:107::/:/bin/false\n');
  root.write('/etc/group', 'root:x:0:\nkvm:x:104:\naudio:x:63:\nqemu:x:107:\n');
  root.write('/etc/vfio-names/policy.toml', manyPolicy.replace('ALIASES', aliases.join('\n')));
  root.write('/sys/class/misc/iommu/dev', '10:126\n');
  root.node('/dev/iommu', '10:126');
  return devices;
}

/** Breaks every fourth device and every fifth name in the way of a hostile or failing tree; returns how many devices are unreadable. */
export function breakMany(root: FakeRoot, devices: readonly ManyDevice[]): number {
  let unreadable = 0;
  for (const [index, { syspath, sysname, names }] of devices.entries()) {
    const entry = `/sys/class/vfio-dev/${sysname}`;
    if (index % 5 === 4) root.linkWithTarget(`/dev/vfio/${names[0]}`, '../devices/vfio0');
    if (index % 4 !== 3) continue;
    unreadable++;
    if (index % 16 === 3) root.write(`${syspath}/vfio-dev/${sysname}/dev`, 'x'.repeat(100));
    else if (index % 16 === 7) root.write(`${syspath}/vfio-dev/${sysname}/dev`, 'none\n');
    else root.linkWithTarget(entry, index % 16 === 11 ? '../../devices/../../dev' : '/etc/passwd');
  }
  return unreadable;
}
