/** What sysfs and the node say of one device, each fact by a reader of its own that runs only when it is asked for. */
import { errnoOf } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { at, type Root } from '../system/root.ts';
import type { Device, FactName, Facts } from './device.ts';
import { lastPart } from './identify.ts';
import { readLabel } from './label.ts';
import { mdevParent, readMdevType } from './mdev.ts';
import { isNameable, whyNoCdev } from './no-cdev.ts';
import { isNoIommu } from './no-iommu.ts';
import { readFileGroup, readMode, readOwner } from './owner.ts';
import { readPath } from './path.ts';
import { addressOf } from './pci-address.ts';
import { readSerial } from './serial.ts';
import { readSlot } from './slot.ts';
import { vfIndex } from './vf-index.ts';

/** One fact as text, `undefined` where the device has none or it can't be read. */
export type FactReader = (files: Files, root: Root, device: Device) => string | undefined;

/** Runs a reader; a fact that can't be read is absent, it is no reason to lose the others. */
function quietly(act: () => string | undefined): string | undefined {
  try {
    return act();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** An attribute of the device that must look like `shape`, or is taken for absent. */
function attribute(name: string, shape: RegExp): FactReader {
  return (files, root, device) => {
    const text = files.read(at(root, `${device.syspath}/${name}`), 4096).trimEnd();
    return shape.test(text) ? text : undefined;
  };
}

/** The last part of a link in the device's directory. */
function linked(name: string): FactReader {
  return (files, root, device) => lastPart(files.readlink(at(root, `${device.syspath}/${name}`)));
}

const group: FactReader = (files, root, device) => {
  const number = linked('iommu_group')(files, root, device);
  return number !== undefined && /^\d+$/.test(number) ? number : undefined;
};

/** A reader for every fact. */
export const factReaders: Readonly<Record<FactName, FactReader>> = {
  bus: (_files, _root, device) => device.bus,
  name: (_files, _root, device) => device.name,
  node: (_files, _root, device) => (device.devnum === undefined ? undefined : device.sysname),
  devnum: (_files, _root, device) => device.devnum,
  syspath: (_files, _root, device) => device.syspath,
  cdev: (files, root, device) => {
    const number = device.devnum === undefined ? quietly(() => group(files, root, device)) : undefined;
    const why = whyNoCdev(device, isNoIommu(files, root, device, number));
    return why === undefined ? (isNameable(device) ? 'yes' : 'no: not named') : `no: ${why}`;
  },
  driver: linked('driver'),
  group,
  groupNode: (files, root, device) => {
    const number = group(files, root, device);
    if (number === undefined) return undefined;
    return `/dev/vfio/${isNoIommu(files, root, device, number) ? 'noiommu-' : ''}${number}`;
  },
  vendor: attribute('vendor', /^0x[0-9a-f]{4}$/),
  device: attribute('device', /^0x[0-9a-f]{4}$/),
  subsystemVendor: attribute('subsystem_vendor', /^0x[0-9a-f]{4}$/),
  subsystemDevice: attribute('subsystem_device', /^0x[0-9a-f]{4}$/),
  class: attribute('class', /^0x[0-9a-f]{6}$/),
  revision: attribute('revision', /^0x[0-9a-f]{2}$/),
  numaNode: attribute('numa_node', /^\d+$/),
  function: (_files, _root, device) => addressOf(device)?.function,
  pf: linked('physfn'),
  vf: vfIndex,
  path: readPath,
  slot: readSlot,
  serial: readSerial,
  mdevType: readMdevType,
  mdevParent: (_files, _root, device) => mdevParent(device),
  label: readLabel,
  owner: readOwner,
  fileGroup: readFileGroup,
  mode: readMode,
};

/** One fact of a device. */
export function readFact(files: Files, root: Root, device: Device, fact: FactName): string | undefined {
  if (device.devnum === undefined && (fact === 'owner' || fact === 'fileGroup' || fact === 'mode'))
    return undefined;
  return quietly(() => factReaders[fact](files, root, device));
}

const everyFact = Object.keys(factReaders) as FactName[];

/** The facts of a device, all or those in `wanted`; an absent one is left out. */
export function readFacts(
  files: Files,
  root: Root,
  device: Device,
  wanted: Iterable<FactName> = everyFact,
): Facts {
  const facts: Partial<Record<FactName, string>> = {};
  for (const fact of wanted) {
    const value = readFact(files, root, device, fact);
    if (value !== undefined) facts[fact] = value;
  }
  return { bus: device.bus, name: device.name, syspath: device.syspath, cdev: '', ...facts };
}
