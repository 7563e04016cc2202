/** Reads the facts of one device from sysfs and its node; each fact has its own reader, which runs only on demand. */
import { errnoOf } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { isNameable, isNoIommu, noLinkReason } from './cdev.ts';
import { readLabel } from './facts/label.ts';
import { mdevParent, readMdevType } from './facts/mdev.ts';
import { readFileGroup, readMode, readOwner } from './facts/owner.ts';
import { readPciPath } from './facts/path.ts';
import { readPfDriver, readPfNet } from './facts/pf.ts';
import { readSerial } from './facts/serial.ts';
import { readSlot } from './facts/slot.ts';
import { readVfIndex } from './facts/vf-index.ts';
import { readVgpuType } from './facts/vgpu.ts';
import { groupNodePath } from './groups.ts';
import { pciAddressOf } from './pci.ts';
import type { Device, FactName, Facts } from './types.ts';

/** Returns one fact as text, `undefined` if the device does not have it; may throw if a file cannot be read. */
type FactReader = (files: Files, root: Root, device: Device) => string | undefined;

/** Reads an attribute of the device; the fact is absent if the text does not match `shape`. */
function attribute(name: string, shape: RegExp): FactReader {
  return (files, root, device) => {
    const text = files.read(pathBelow(root, `${device.syspath}/${name}`), 4096).trimEnd();
    return shape.test(text) ? text : undefined;
  };
}

/** Reads a symlink in the device's directory and returns the last part of its target. */
function linkName(name: string): FactReader {
  return (files, root, device) => baseName(files.readlink(pathBelow(root, `${device.syspath}/${name}`)));
}

const groupName = linkName('iommu_group');

const group: FactReader = (files, root, device) => {
  const number = groupName(files, root, device);
  return number !== undefined && /^\d+$/.test(number) ? number : undefined;
};

/** The reader of each fact. */
export const factReaders: Readonly<Record<FactName, FactReader>> = {
  bus: (_files, _root, device) => device.bus,
  name: (_files, _root, device) => device.name,
  node: (_files, _root, device) => (device.devnum === undefined ? undefined : device.sysname),
  devnum: (_files, _root, device) => device.devnum,
  syspath: (_files, _root, device) => device.syspath,
  cdev: (_files, _root, device) => (isNameable(device) ? 'yes' : 'no'),
  noCdevReason: (files, root, device) => {
    const number = device.devnum === undefined ? readFact(files, root, device, 'group') : undefined;
    return noLinkReason(device, isNoIommu(files, root, device, number));
  },
  driver: linkName('driver'),
  group,
  groupNode: (files, root, device) => {
    const number = group(files, root, device);
    if (number === undefined) return undefined;
    return groupNodePath({ node: `${isNoIommu(files, root, device, number) ? 'noiommu-' : ''}${number}` });
  },
  vendor: attribute('vendor', /^0x[0-9a-f]{4}$/),
  device: attribute('device', /^0x[0-9a-f]{4}$/),
  subsystemVendor: attribute('subsystem_vendor', /^0x[0-9a-f]{4}$/),
  subsystemDevice: attribute('subsystem_device', /^0x[0-9a-f]{4}$/),
  class: attribute('class', /^0x[0-9a-f]{6}$/),
  revision: attribute('revision', /^0x[0-9a-f]{2}$/),
  numaNode: attribute('numa_node', /^\d+$/),
  function: (_files, _root, device) => pciAddressOf(device)?.function,
  pf: linkName('physfn'),
  vf: readVfIndex,
  pfDriver: readPfDriver,
  pfNet: readPfNet,
  path: readPciPath,
  slot: readSlot,
  serial: readSerial,
  mdevType: readMdevType,
  mdevParent: (_files, _root, device) => mdevParent(device),
  vgpuType: readVgpuType,
  label: readLabel,
  owner: readOwner,
  fileGroup: readFileGroup,
  mode: readMode,
};

/**
 * Reads one fact of a device; `undefined` if the device does not have it or it cannot be read, so that one unreadable fact does
 * not hide the others.
 */
export function readFact(files: Files, root: Root, device: Device, fact: FactName): string | undefined {
  if (device.devnum === undefined && (fact === 'owner' || fact === 'fileGroup' || fact === 'mode'))
    return undefined;
  try {
    return factReaders[fact](files, root, device);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

const allFacts = Object.keys(factReaders) as FactName[];

/** Reads the facts of a device, all of them or those in `wanted`; facts that are absent or unreadable are omitted. Bus, name, syspath and cdev are always there. */
export function readFacts(
  files: Files,
  root: Root,
  device: Device,
  wanted: Iterable<FactName> = allFacts,
): Facts {
  const facts: Partial<Record<FactName, string>> = {};
  for (const fact of wanted) {
    const value = readFact(files, root, device, fact);
    if (value !== undefined) facts[fact] = value;
  }
  const cdev = isNameable(device) ? 'yes' : 'no';
  return { bus: device.bus, name: device.name, syspath: device.syspath, cdev, ...facts };
}
