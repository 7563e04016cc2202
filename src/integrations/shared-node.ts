/** The nodes that all VFIO devices share: iommufd's, and the container of the groups. Opens nothing. */
import { attempt } from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { Files, Status } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';

export interface SharedNode {
  readonly path: string;
  /** Where sysfs has its number; absent while the module is not loaded. */
  readonly attribute: string;
  /** What to do where there is none. */
  readonly remedy: string;
}

/** iommufd (drivers/iommu/iommufd/main.c: a misc device called iommu). */
export const iommuNode: SharedNode = {
  path: '/dev/iommu',
  attribute: '/sys/class/misc/iommu/dev',
  remedy: 'load the module iommufd or boot a kernel with CONFIG_IOMMUFD; in a container, pass it in',
};

/** The container of groups (drivers/vfio/container.c: a misc device called vfio). */
export const containerNode: SharedNode = {
  path: '/dev/vfio/vfio',
  attribute: '/sys/class/misc/vfio/dev',
  remedy: 'load the module vfio (CONFIG_VFIO_CONTAINER); in a container, pass it in',
};

/** What sysfs says of the number; `undefined` where it says nothing. */
export function numberOf(files: Files, root: Root, { attribute }: SharedNode): string | undefined {
  const text = attempt(() => files.read(at(root, attribute), 64), 'ENOENT', 'ENOTDIR', 'ENODEV', 'EACCES');
  return text === undefined ? undefined : parseDevnum(text);
}

/** What is wrong with a node: not the character device that sysfs means; `undefined` where nothing is. */
export function faultOf(
  status: Pick<Status, 'kind' | 'devnum'>,
  devnum: string | undefined,
): string | undefined {
  if (status.kind !== 'char') return `a ${status.kind}`;
  return devnum === undefined || status.devnum === devnum ? undefined : `the device ${status.devnum}`;
}
