/** The PCI path of a device: how to walk to it from the host bridge, without the bus numbers that added cards change. */
import { attempt } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device } from './device.ts';
import { lastPart } from './identify.ts';
import { addressOf, parseAddress } from './pci-address.ts';
import { vfIndex } from './vf-index.ts';

/**
 * The path of a PCI device's directory: `/sys/devices/pci0000:00/0000:00:06.0/0000:01:00.0` is `pci0000_00-06.0-00.0`.
 * First the host bridge (domain and root bus, which firmware gives), then device and function of each bridge and of the
 * device. A host bridge below another PCI device (VMD) adds `pci`, without its domain and bus: the kernel hands those
 * out. No colon, so that podman, docker and the shell take it as it is. `undefined` for any other directory.
 */
export function pathOf(syspath: string): string | undefined {
  const parts = syspath.split('/');
  const first = parts.findIndex((part) => hostBridge.test(part));
  if (first < 0) return undefined;
  const path = parts.slice(first).map((part, index) => {
    if (hostBridge.test(part)) return index === 0 ? part.replace(':', '_') : 'pci';
    const address = parseAddress(part);
    return address && `${address.device}.${address.function}`;
  });
  return path.length > 1 && path.every((part) => part !== undefined) ? path.join('-') : undefined;
}

const hostBridge = /^pci[0-9a-f]{4,8}:[0-9a-f]{2}$/;

/**
 * Reads the path of a device; `undefined` off the PCI bus. A VF has the path of its physical function and `-vfN`, since VFs
 * of one PF can lie on several bus numbers below one bridge and then share device and function.
 */
export function readPath(files: Files, root: Root, device: Device): string | undefined {
  if (!addressOf(device)) return undefined;
  const target = attempt(() => files.readlink(at(root, `${device.syspath}/physfn`)), 'ENOENT', 'EINVAL');
  if (target === undefined) return pathOf(device.syspath);
  const index = vfIndex(files, root, device);
  const beside = device.syspath.slice(0, device.syspath.lastIndexOf('/') + 1);
  const path = pathOf(`${beside}${lastPart(target)}`);
  return path === undefined || index === undefined ? undefined : `${path}-vf${index}`;
}
