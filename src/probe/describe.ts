/** Asks an open, bound device for all that it has. Knows nothing of how it was opened. */
import type { Calls } from '../system/calls.ts';
import { decodeIrq, decodeRegion, flagWords } from './decode.ts';
import type { Details } from './details.ts';
import { getInfo, getIrqInfo, getRegionInfo } from './ioctls.ts';
import { flagNames } from './layout.ts';

/** More than any device has; a number beyond it is a device that talks nonsense. */
const mostIndexes = 4096;

/** VFIO_DEVICE_GET_INFO, then every region and interrupt index. */
export function describe(calls: Calls, device: number): Details {
  const info = getInfo(calls, device);
  const flags = flagWords(flagNames.device, info.flags);
  const pci = flags.includes('pci');
  return {
    flags,
    numRegions: info.numRegions,
    numIrqs: info.numIrqs,
    regions: indexes(info.numRegions).flatMap((index) => {
      const bytes = getRegionInfo(calls, device, index);
      return bytes ? [decodeRegion(bytes, pci)] : [];
    }),
    irqs: indexes(info.numIrqs).flatMap((index) => {
      const bytes = getIrqInfo(calls, device, index);
      return bytes ? [decodeIrq(bytes, pci)] : [];
    }),
  };
}

function indexes(count: number): number[] {
  return Array.from({ length: Math.min(count, mostIndexes) }, (_, index) => index);
}
