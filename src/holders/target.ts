/** Builds the target of a holder search from a device in sysfs, or from the argument for a device that is gone. */
import { parseDeviceName } from '../devices/device-name.ts';
import { selectByName } from '../devices/find.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import { containerNode, readDevnum } from '../links/shared-nodes.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import type { HolderTarget } from './types.ts';

export interface DeviceTarget extends HolderTarget {
  /** Absent for a device that is gone. */
  readonly device?: Device;
}

/**
 * Returns the target of a device. The device number of its group is in /sys/class/vfio, at the number of the group or
 * `noiommu-` and the number.
 */
export function targetOf(files: Files, root: Root, device: Device): DeviceTarget {
  const group = tryOrUndefined(() => files.readlink(pathBelow(root, `${device.syspath}/iommu_group`)))
    ?.split('/')
    .at(-1);
  const groupDevnum =
    group === undefined
      ? undefined
      : (classDevnum(files, root, group) ?? classDevnum(files, root, `noiommu-${group}`));
  return {
    device,
    syspath: device.syspath,
    ...(device.devnum !== undefined && { devnum: device.devnum }),
    ...(groupDevnum !== undefined && { groupDevnum, containerDevnum: containerDevnumOf(files, root) }),
  };
}

function containerDevnumOf(files: Files, root: Root): string {
  return readDevnum(files, root, containerNode) ?? containerNode.fixedDevnum ?? '';
}

function classDevnum(files: Files, root: Root, name: string): string | undefined {
  const text = tryOrUndefined(() => files.read(pathBelow(root, `/sys/class/vfio/${name}/dev`), 64));
  return text === undefined ? undefined : parseDevnum(text);
}

/**
 * Returns the target of a device that is gone from a command line argument: `vfio3` or the path of its node, `247:3`,
 * or the name on its bus, which can only be found since Linux 6.18 (fdinfo).
 */
export function targetOfGoneDevice(arg: string): DeviceTarget {
  const query = parseDeviceName(arg);
  switch (query.kind) {
    case 'sysname':
      return { goneSysname: query.sysname };
    case 'devnum':
      return { devnum: query.devnum, goneName: query.name };
    case 'name':
    case 'qualified':
      return { goneName: baseName(query.name) };
    case 'link':
      return { goneName: baseName(query.link) };
    case 'sysfs':
      return { goneName: baseName(query.path) };
    case 'path':
    case 'group':
      return {};
  }
}

/**
 * Whether a device that is gone had this name, as the command line gives it; an address may lack its domain. Its bus is not
 * known.
 */
export function isGoneName(given: string, name: string): boolean {
  return selectByName([{ bus: 'pci', name }], { name: given }).length > 0;
}
