/** What to look for to find the holders of a device: from sysfs, or from a word for a device that is gone. */
import type { Device } from '../devices/device.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { HolderTarget } from './holder.ts';
import { tolerant } from './tolerant.ts';

export interface DeviceTarget extends HolderTarget {
  /** Absent for a device that is gone. */
  readonly device?: Device;
}

/** The device's devnums and directory. A group's devnum is in the class `vfio`, under its number or `noiommu-` and its number. */
export function targetOf(files: Files, root: Root, device: Device): DeviceTarget {
  const group = tolerant(() => files.readlink(at(root, `${device.syspath}/iommu_group`)))
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
    ...(groupDevnum !== undefined && { groupDevnum }),
  };
}

function classDevnum(files: Files, root: Root, name: string): string | undefined {
  const text = tolerant(() => files.read(at(root, `/sys/class/vfio/${name}/dev`), 64));
  return text === undefined ? undefined : parseDevnum(text);
}

/**
 * What a word says of a device that is gone: `vfio3` or the path of its node, `247:3`, or the name on its bus, which can
 * be found since Linux 6.18 only (fdinfo).
 */
export function goneTarget(word: string): DeviceTarget {
  const last = word.slice(word.lastIndexOf('/') + 1);
  const devnum = parseDevnum(word);
  if (devnum !== undefined) return { devnum };
  if (/^(?:noiommu-)?vfio\d+$/.test(last)) return { goneSysname: last };
  const short = /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(last);
  return { goneName: (short ? `0000:${last}` : last).toLowerCase() };
}
