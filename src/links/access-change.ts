/** Changes the owner, group and mode of one node, through a descriptor of the node whose device number was compared with sysfs. */
import { tryGroupDevnum } from '../devices/groups.ts';
import { scanDevice } from '../devices/scan.ts';
import { errnoOf, ifReadable } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { type Context, type Decision, isExpectedNode, keyOf, type Subject } from './access-decision.ts';
import type { Permissions } from './access-record.ts';
import { isEmptyAccess, isSamePermissions, setPermissions } from './permissions.ts';
import { iommuNode, readDevnum } from './shared-nodes.ts';

/**
 * Records and makes the change. Returns `raced` if the path or the number no longer belongs to the device, or why the change
 * cannot be recorded: access that could not be restored later is not changed.
 */
export function changeAccess(
  { files, root, record }: Context,
  decision: Decision,
  wanted: Permissions,
): string | undefined {
  const { subject, current, changed } = decision;
  const key = keyOf(subject.file);
  const node = files.openForChange(pathBelow(root, subject.file));
  try {
    const found = node.status();
    // The number can have changed hands since the scan: the node is held now, so sysfs is read again.
    if (
      !isExpectedNode(found, subject) ||
      !isSamePermissions(found, current) ||
      !isUnchanged(files, root, subject)
    )
      return 'raced';
    try {
      record.begin(key, found, wanted, changed);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return `${errno} in /run/vfio-names, where the change is recorded`;
    }
    try {
      setPermissions(node, found, wanted);
    } catch (error) {
      record.abort(key);
      throw error;
    }
    if (isEmptyAccess(subject.access)) record.forget(key);
    else record.commit(key);
    return undefined;
  } finally {
    node.release();
  }
}

/** Whether sysfs still gives the number to the same device or group. */
function isUnchanged(files: Files, root: Root, { device, group, devnum }: Subject): boolean {
  if (group !== undefined) return tryGroupDevnum(files, root, group) === devnum;
  if (!device) return readDevnum(files, root, iommuNode) === devnum;
  const now = ifReadable(() => scanDevice(files, root, device.sysname));
  return now?.syspath === device.syspath && now.bus === device.bus && now.devnum === devnum;
}
