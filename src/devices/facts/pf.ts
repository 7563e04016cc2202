/** Facts of a VF that are about its physical function: its driver and its network interface. */
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { baseName } from '../../text/path.ts';
import { compareNatural } from '../order.ts';
import { pciAddressOf } from '../pci.ts';
import type { Device } from '../types.ts';

/** Reads the driver of the physical function, `ice`. Throws the errno if the device is not a VF. */
export function readPfDriver(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  return baseName(files.readlink(pathBelow(root, `${device.syspath}/physfn/driver`)));
}

/**
 * Reads the network interface of the physical function, `enp1s0f0`; the first in natural order if it has several. Throws the
 * errno if the device is not a VF, or if its physical function is not a network card.
 */
export function readPfNet(files: Files, root: Root, device: Device): string | undefined {
  if (!pciAddressOf(device)) return undefined;
  return [...files.readdir(pathBelow(root, `${device.syspath}/physfn/net`))].sort(compareNatural)[0];
}
