/** The PCI path of a device from its host bridge, without the bus numbers, which change when cards are added. */
import { ignoring } from '../../errors.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { baseName } from '../../text/path.ts';
import { parsePciAddress, pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';
import { readVfIndex } from './vf-index.ts';

/**
 * Converts a PCI device's directory to its path: `/sys/devices/pci0000:00/0000:00:06.0/0000:01:00.0` gives
 * `pci0000_00-06.0-00.0`. The path starts with the host bridge (domain and root bus, which firmware assigns), followed by
 * device and function of each bridge and of the device. A host bridge below another PCI device (VMD) adds `pci` without
 * its domain and bus, because the kernel assigns those dynamically. The path has no colon, so podman, docker and the
 * shell accept it without quoting. Returns `undefined` for any other directory.
 */
export function pciPath(syspath: string): string | undefined {
  const parts = syspath.split('/');
  const first = parts.findIndex((part) => hostBridge.test(part));
  if (first < 0) return undefined;
  const path = parts.slice(first).map((part, index) => {
    if (hostBridge.test(part)) return index === 0 ? part.replace(':', '_') : 'pci';
    const address = parsePciAddress(part);
    return address && `${address.device}.${address.function}`;
  });
  return path.length > 1 && path.every((part) => part !== undefined) ? path.join('-') : undefined;
}

const hostBridge = /^pci[0-9a-f]{4,8}:[0-9a-f]{2}$/;

/**
 * Reads the path of a device; `undefined` for devices that are not on the PCI bus. A VF has the path of its physical
 * function plus `-vfN`: VFs of one PF can span several bus numbers below one bridge and then share device and function.
 */
export function readPciPath(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  const target = ignoring(
    () => files.readlink(pathBelow(root, `${device.syspath}/physfn`)),
    'ENOENT',
    'EINVAL',
  );
  if (target === undefined) return pciPath(device.syspath);
  const index = readVfIndex(files, root, device);
  const parent = device.syspath.slice(0, device.syspath.lastIndexOf('/') + 1);
  const path = pciPath(`${parent}${baseName(target)}`);
  return path === undefined || index === undefined ? undefined : `${path}-vf${index}`;
}
