/** How udev rules access each fact: by a key of udev, by a property that vfio_id prints, or not at all. */
import type { FactName } from '../devices/types.ts';

export type UdevFact =
  /** Known at compile time: the bus of the line, or a value that is the same for every device with a node. */
  | { readonly kind: 'fixed'; readonly value?: string }
  /** A key of the device, the parent of the event's device; every device has it. */
  | { readonly kind: 'parent'; readonly key: string; readonly value: string }
  /** An attribute of the device; `present` is the pattern of a valid value. */
  | {
      readonly kind: 'attribute';
      readonly key: string;
      readonly value: string;
      readonly file: string;
      readonly present: string;
      /** Buses whose devices always have the attribute. */
      readonly always: readonly string[];
    }
  /** A key of the event's device (vfioN). */
  | { readonly kind: 'event'; readonly key: string; readonly value: string }
  /** The last digit of a PCI device's name: udev can match it, but only vfio_id can extract it. */
  | { readonly kind: 'function'; readonly property: string }
  /** The whole path of the device. */
  | { readonly kind: 'devpath' }
  /**
   * A property that vfio_id prints. `plain` values never have a slash; udev sanitizes all other characters as
   * names/sanitize does. Only devices on `bus` with `file` in their directory can have the fact.
   */
  | {
      readonly kind: 'import';
      readonly property: string;
      readonly plain: boolean;
      readonly bus?: string;
      readonly file?: string;
    }
  /** No policy may use it: the rules set it themselves, or only devices without a node have it. */
  | { readonly kind: 'decided' };

const hex = (digits: number): string => `0x${'[0-9a-f]'.repeat(digits)}`;

function attribute(file: string, present: string, ...always: readonly string[]): UdevFact {
  return { kind: 'attribute', key: `ATTRS{${file}}`, value: `$attr{${file}}`, file, present, always };
}

function imported(fact: string, plain: boolean, bus?: string, file?: string): UdevFact {
  return {
    kind: 'import',
    property: factProperty(fact),
    plain,
    ...(bus !== undefined && { bus }),
    ...(file !== undefined && { file }),
  };
}

/** Returns the property in which vfio_id prints a fact: `ID_VFIO_MDEV_TYPE` for `mdevType`. */
export function factProperty(fact: string): string {
  return `ID_VFIO_${fact.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** How udev(7) accesses each fact. `$id`, `$driver` and `$attr` refer to the parent that the keys of the line matched. */
export const udevFacts: Readonly<Record<FactName, UdevFact>> = {
  bus: { kind: 'fixed' },
  cdev: { kind: 'fixed', value: 'yes' },
  noCdevReason: { kind: 'decided' },
  name: { kind: 'parent', key: 'KERNELS', value: '$id' },
  driver: { kind: 'parent', key: 'DRIVERS', value: '$driver' },
  vendor: attribute('vendor', hex(4), 'pci'),
  device: attribute('device', hex(4), 'pci'),
  subsystemVendor: attribute('subsystem_vendor', hex(4), 'pci'),
  subsystemDevice: attribute('subsystem_device', hex(4), 'pci'),
  class: attribute('class', hex(6), 'pci'),
  revision: attribute('revision', hex(2), 'pci'),
  numaNode: attribute('numa_node', '[0-9]*'),
  node: { kind: 'event', key: 'KERNEL', value: '$kernel' },
  devnum: { kind: 'event', key: 'ATTR{dev}', value: '$major:$minor' },
  syspath: { kind: 'devpath' },
  group: imported('group', true),
  groupNode: imported('groupNode', false),
  function: { kind: 'function', property: factProperty('function') },
  pf: imported('pf', true, 'pci', 'physfn'),
  vf: imported('vf', true, 'pci', 'physfn'),
  pfDriver: imported('pfDriver', true, 'pci', 'physfn'),
  pfNet: imported('pfNet', true, 'pci', 'physfn'),
  path: imported('path', true, 'pci'),
  slot: imported('slot', true, 'pci'),
  serial: imported('serial', true, 'pci'),
  mdevType: imported('mdevType', true, 'mdev'),
  mdevParent: imported('mdevParent', true, 'mdev'),
  vgpuType: imported('vgpuType', true, 'pci', 'nvidia/current_vgpu_type'),
  label: imported('label', false, 'pci'),
  owner: { kind: 'decided' },
  fileGroup: { kind: 'decided' },
  mode: { kind: 'decided' },
};
