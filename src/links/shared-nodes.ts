/** The nodes that devices share, /dev/iommu and /dev/vfio/vfio, and the comparison of a node with sysfs. */
import { ignoring, tryOrUndefined } from '../errors.ts';
import { parseDevnum } from '../system/devnum.ts';
import type { FileStatus, Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { dirName, resolvePath } from '../text/path.ts';

export interface SharedNode {
  readonly path: string;
  /** The sysfs attribute with its device number; does not exist while the module is not loaded. */
  readonly attribute: string;
  /** The number that it has in every kernel, if it has one: opening the node then loads the module. */
  readonly fixedDevnum?: string;
  /** What the user can do if the node is missing. */
  readonly hint: string;
}

/** iommufd (drivers/iommu/iommufd/main.c: a misc device named iommu with a dynamic number). */
export const iommuNode: SharedNode = {
  path: '/dev/iommu',
  attribute: '/sys/class/misc/iommu/dev',
  hint: 'load the module iommufd or boot a kernel with CONFIG_IOMMUFD; in a container, pass it in',
};

/** The container for groups (drivers/vfio/container.c: a misc device named vfio). */
export const containerNode: SharedNode = {
  path: '/dev/vfio/vfio',
  attribute: '/sys/class/misc/vfio/dev',
  // MISC_MAJOR and VFIO_MINOR (include/linux/miscdevice.h).
  fixedDevnum: '10:196',
  hint: 'load the module vfio (CONFIG_VFIO_CONTAINER); in a container, pass it in',
};

/** Reads the device number from sysfs; `undefined` if the attribute is missing or unreadable. */
export function readDevnum(
  files: Files,
  root: Root,
  { attribute }: Pick<SharedNode, 'attribute'>,
): string | undefined {
  const text = tryOrUndefined(() => files.read(pathBelow(root, attribute), 64));
  return text === undefined ? undefined : parseDevnum(text);
}

/** Describes a node that is not the character device with the number from sysfs; `undefined` if it is. */
export function nodeMismatch(
  status: Pick<FileStatus, 'kind' | 'devnum'>,
  devnum: string | undefined,
): string | undefined {
  if (status.kind !== 'char') return `a ${status.kind}`;
  return devnum === undefined || status.devnum === devnum ? undefined : `the device ${status.devnum}`;
}

/** Follows one link within the root; returns the path itself if it is not a link. */
export function followLink(files: Files, root: Root, path: string): string {
  // readlink(2) fails with EINVAL if the path is not a link.
  const target = ignoring(() => files.readlink(pathBelow(root, path)), 'EINVAL');
  return target === undefined ? path : resolvePath(dirName(path), target);
}
