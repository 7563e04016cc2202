/** Reads all info of an open, bound device. */
import type { DeviceCalls } from '../system/calls.ts';
import { decodeIrq, decodeRegion, setFlagNames } from './decode.ts';
import type { Details } from './details.ts';
import { getInfo, getIrqInfo, getRegionInfo } from './ioctls.ts';
import { flagNames } from './layout.ts';

/** More indexes than any real device has; limits the calls if a device reports a bogus count. */
const MAX_INDEXES = 4096;

/**
 * Calls VFIO_DEVICE_GET_INFO, then reads every region and interrupt index. Throws CallError if an ioctl
 * fails.
 */
export function readDetails(calls: DeviceCalls, device: number): Details {
  const info = getInfo(calls, device);
  const flags = setFlagNames(flagNames.device, info.flags);
  const pci = flags.includes('pci');
  return {
    flags,
    regionCount: info.numRegions,
    irqCount: info.numIrqs,
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
  return Array.from({ length: Math.min(count, MAX_INDEXES) }, (_, index) => index);
}
