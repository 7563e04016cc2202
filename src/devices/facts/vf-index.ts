/** The index of a VF at its physical function, found with two reads and one readlink for any number of VFs. */
import { ignoring } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { baseName } from '../../text/path.ts';
import { parsePciAddress, pciAddressOf, routingId } from '../pci.ts';
import type { Device } from '../types.ts';

/**
 * Computes the index from a VF's address: routing ID of VF n = routing ID of the PF + offset + n * stride (SR-IOV
 * specification 2.1.2, pci_iov_virtfn_bus in drivers/pci/iov.c). `undefined` if the result is not a valid index.
 */
export function computeVfIndex(
  vf: string,
  pf: string,
  offset: string | undefined,
  stride: string | undefined,
): string | undefined {
  const [child, parent] = [parsePciAddress(vf), parsePciAddress(pf)];
  const [first, step] = [Number(offset?.trim() || Number.NaN), Number(stride?.trim() || Number.NaN)];
  if (!child || !parent || !Number.isInteger(first) || !Number.isInteger(step)) return undefined;
  const distance = routingId(child) - routingId(parent) - first;
  const index = step === 0 && distance === 0 ? 0 : distance / step;
  return Number.isInteger(index) && index >= 0 ? String(index) : undefined;
}

/** Reads the VF's index, from `0`: the number of the PF's `virtfnN` link that points to it (drivers/pci/iov.c). */
export function readVfIndex(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  const directory = pathBelow(root, `${device.syspath}/physfn`);
  const pf = ignoring(() => baseName(files.readlink(directory)), 'ENOENT', 'EINVAL');
  if (pf === undefined) return undefined;
  const pointsHere = (index: string): boolean =>
    ignoring(() => baseName(files.readlink(`${directory}/virtfn${index}`)), 'ENOENT') === device.name;
  const attribute = (name: string): string | undefined =>
    ignoring(() => files.read(`${directory}/${name}`, 64), 'ENOENT', 'EACCES', 'EIO');
  const computed = computeVfIndex(device.name, pf, attribute('sriov_offset'), attribute('sriov_stride'));
  if (computed !== undefined && pointsHere(computed)) return computed;
  // Kernels before 4.13 lack the two attributes; search the PF's links instead.
  return files
    .readdir(directory)
    .map((entry) => /^virtfn(\d+)$/.exec(entry)?.[1])
    .find((index) => index !== undefined && pointsHere(index));
}
