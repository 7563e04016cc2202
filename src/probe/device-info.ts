/** Types of the info that a bound device reports. */

import type { DeviceCalls } from '../system/calls.ts';
import { getInfo, getIrqInfo, getRegionInfo } from './ioctl.ts';
import { constants, decode, flagNames, pciNames, structs } from './layout.ts';

/** A part of a region that can be mapped; offset and size in bytes, relative to the region. */
interface Area {
  readonly offset: number;
  readonly size: number;
}

export interface Capability {
  readonly capabilityId: number;
  readonly capabilityVersion: number;
  /** `sparse-mmap`, `type`, `msix-mappable`; absent for an unknown capability. */
  readonly capability?: string;
  readonly areas?: readonly Area[];
  readonly type?: number;
  readonly subtype?: number;
}

interface Region {
  readonly index: number;
  /** `bar0`; only for devices with the PCI interface. */
  readonly region?: string;
  /** In bytes; 0 for a region that the device does not have. Exact below 2^53. */
  readonly size: number;
  readonly flags: readonly string[];
  readonly capabilities: readonly Capability[];
}

interface Irq {
  readonly index: number;
  /** `msix`; only for devices with the PCI interface. */
  readonly irq?: string;
  readonly count: number;
  readonly flags: readonly string[];
}

export interface Details {
  readonly flags: readonly string[];
  readonly regionCount: number;
  readonly irqCount: number;
  /** Sorted by index; regions for which the ioctl fails with EINVAL are skipped. */
  readonly regions: readonly Region[];
  readonly irqs: readonly Irq[];
  /** Set if the requested IOAS was attached. */
  readonly attached?: boolean;
}

/** Returns the names of the set bits, lowest first; a bit without a name is called `bit9`. */
export function setFlagNames(names: readonly string[], flags: number): string[] {
  const set: string[] = [];
  for (let bit = 0; bit < 32; bit++) if ((flags >>> bit) & 1) set.push(names[bit] ?? `bit${bit}`);
  return set;
}

export function decodeRegion(bytes: Uint8Array, pci: boolean): Region {
  const info = decode(structs.vfio_region_info, bytes);
  const index = Number(info.index);
  const region = pci ? pciNames.regions[index] : undefined;
  return {
    index,
    ...(region !== undefined && { region }),
    size: Number(info.size),
    flags: setFlagNames(flagNames.region, Number(info.flags)),
    capabilities:
      Number(info.flags) & constants.VFIO_REGION_INFO_FLAG_CAPS
        ? decodeCapabilities(bytes, Number(info.cap_offset))
        : [],
  };
}

export function decodeIrq(bytes: Uint8Array, pci: boolean): Irq {
  const info = decode(structs.vfio_irq_info, bytes);
  const index = Number(info.index);
  const irq = pci ? pciNames.irqs[index] : undefined;
  return {
    index,
    ...(irq !== undefined && { irq }),
    count: Number(info.count),
    flags: setFlagNames(flagNames.irq, Number(info.flags)),
  };
}

/**
 * Walks the capability chain from `offset`; stops at offset 0, at a header that does not fit, and at a loop.
 */
export function decodeCapabilities(bytes: Uint8Array, offset: number): Capability[] {
  const found: Capability[] = [];
  const seen = new Set<number>();
  for (let at = offset; at >= structs.vfio_region_info.size && !seen.has(at); ) {
    seen.add(at);
    if (at + structs.vfio_info_cap_header.size > bytes.length) break;
    const header = decode(structs.vfio_info_cap_header, bytes, at);
    const capabilityId = Number(header.id);
    found.push({
      capabilityId,
      capabilityVersion: Number(header.version),
      ...capabilityBody(bytes, at, capabilityId),
    });
    at = Number(header.next);
  }
  return found;
}

function capabilityBody(bytes: Uint8Array, at: number, id: number): Partial<Capability> {
  const complete = at + 16 <= bytes.length;
  switch (id) {
    case constants.VFIO_REGION_INFO_CAP_SPARSE_MMAP:
      return { capability: 'sparse-mmap', ...(complete && { areas: decodeAreas(bytes, at) }) };
    case constants.VFIO_REGION_INFO_CAP_TYPE: {
      if (!complete) return { capability: 'type' };
      const { type, subtype } = decode(structs.vfio_region_info_cap_type, bytes, at);
      return { capability: 'type', type: Number(type), subtype: Number(subtype) };
    }
    case constants.VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
      return { capability: 'msix-mappable' };
    default:
      return {};
  }
}

function decodeAreas(bytes: Uint8Array, at: number): Area[] {
  const areas: Area[] = [];
  const count = Number(decode(structs.vfio_region_info_cap_sparse_mmap, bytes, at).nr_areas);
  const { size } = structs.vfio_region_sparse_mmap_area;
  let offset = at + structs.vfio_region_info_cap_sparse_mmap.size;
  for (; areas.length < count && offset + size <= bytes.length; offset += size) {
    const area = decode(structs.vfio_region_sparse_mmap_area, bytes, offset);
    areas.push({ offset: Number(area.offset), size: Number(area.size) });
  }
  return areas;
}

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
