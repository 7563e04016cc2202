/** Opens /dev/iommu and verifies that the descriptor belongs to iommufd. Does not create an address space. */
import { errnoOf, exitStatus, ioError, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root.ts';
import type { OpenCalls } from './opener.ts';
import { iommuNode, nodeMismatch, readDevnum } from './shared-node.ts';

/** Returns a descriptor; the caller closes it. Throws `no-iommufd` (status 5), `not-permitted` (4) and `false-node` (1). */
export function openIommu(files: Files, root: Root, opener: OpenCalls): number {
  const { path, hint } = iommuNode;
  let fd: number;
  try {
    fd = opener.open('open iommu', pathBelow(root, path));
  } catch (error) {
    throw openError(error);
  }
  try {
    // Read after the open: if the module was not loaded yet, opening the node loads it.
    const devnum = readDevnum(files, root, iommuNode);
    if (devnum === undefined)
      throw unsupported(`expected the number of ${path} at ${iommuNode.attribute}, found none; ${hint}`);
    const mismatch = nodeMismatch(opener.status('fstat iommu', fd), devnum);
    if (mismatch === undefined) return fd;
    throw new VfioNamesError(
      'false-node',
      exitStatus.findings,
      `expected the character device ${devnum} behind the opened ${path}, found ${mismatch}; remove it and load the module iommufd anew`,
      { path },
    );
  } catch (error) {
    opener.close(fd);
    throw error;
  }
}

function openError(error: unknown): VfioNamesError {
  const { path, hint } = iommuNode;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENXIO')
    return unsupported(`expected to open ${path}, found ${errno}; ${hint}`);
  if (errno === 'EACCES' || errno === 'EPERM')
    return new VfioNamesError(
      'not-permitted',
      exitStatus.notPermitted,
      `expected to open ${path}, found ${errno}; run it as root (with --user for CMD), or let your user open ${path}`,
      { path, cause: error },
    );
  return ioError(error, 'open iommufd', path);
}

function unsupported(message: string): VfioNamesError {
  return new VfioNamesError('no-iommufd', exitStatus.unsupported, message, { path: iommuNode.path });
}
