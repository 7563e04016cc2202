/** Lays VFIO devices over the sysfs trees of real machines (test data of hwloc, one tar archive each). */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FakeRoot } from './fake-root.ts';
import { otherData } from './other-data.ts';

/** The archives of machines with PCI devices; none if they are not here. */
export function realMachines(): string[] {
  const archives = otherData('hwloc');
  if (archives === undefined) return [];
  return fs
    .readdirSync(archives)
    .filter((name) => /\.tar\.\w+$/.test(name))
    .sort()
    .map((name) => join(archives, name));
}

export interface Endpoint {
  readonly name: string;
  readonly sysname: string;
  /** The directory of the device, `/sys/devices/pci0000:00/0000:00:14.0`. */
  readonly syspath: string;
  /** The bridges between the root of the bus and the device, the one at the root first. */
  readonly bridges: readonly string[];
  readonly group: string;
}

const pciAddress = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/**
 * Unpacks an archive into `root` and binds each PCI device that is no bridge to vfio-pci. The functions of a device are one
 * IOMMU group; each group has a node.
 */
export function unpackMachine(root: FakeRoot, archive: string): Endpoint[] {
  execFileSync('tar', ['-xf', archive, '-C', root.dir, '--strip-components=1', '--no-same-owner']);
  execFileSync('chmod', ['-R', 'u+rwX', root.dir]);
  const endpoints: Endpoint[] = [];
  const groups = new Map<string, string>();
  for (const directory of findDevices(root)) {
    const name = basename(directory);
    if (/^0x060[04]/.test(readOr(root, `${directory}/class`))) continue;
    const place = `${dirname(directory)}/${name.replace(/\.\d$/, '')}`;
    const group = groups.get(place) ?? String(groups.size + 1);
    if (!groups.has(place)) root.addGroup(group);
    groups.set(place, group);
    const sysname = `vfio${endpoints.length}`;
    // In some archives the entry of the bus is a directory, and the one that it should lead to does not exist.
    root.add({ name, sysname, driver: 'vfio-pci', group, parent: dirname(directory) });
    const bridges = directory
      .split('/')
      .slice(0, -1)
      .filter((part) => pciAddress.test(part));
    endpoints.push({ name, sysname, syspath: directory, bridges, group });
  }
  return endpoints;
}

/** The directories of all PCI devices, in the order of their paths; if several have one name, the one of the bus. */
function findDevices(root: FakeRoot): string[] {
  const found = new Map<string, string[]>();
  const visit = (directory: string): void => {
    for (const entry of fs.readdirSync(root.at(directory), { withFileTypes: true }))
      if (entry.isDirectory()) {
        const path = `${directory}/${entry.name}`;
        if (pciAddress.test(entry.name)) found.set(entry.name, [...(found.get(entry.name) ?? []), path]);
        visit(path);
      }
  };
  visit('/sys/devices');
  for (const name of readdirOr(root, '/sys/bus/pci/devices').filter((entry) => pciAddress.test(entry)))
    if (!found.has(name)) {
      const [domain, bus] = name.split(':');
      const path = `/sys/devices/pci${domain}:${bus}/${name}`;
      fs.mkdirSync(dirname(root.at(path)), { recursive: true });
      fs.renameSync(root.at(`/sys/bus/pci/devices/${name}`), root.at(path));
      found.set(name, [path]);
    }
  return [...found.entries()].map(([name, paths]) => ofBus(root, name, paths)).sort();
}

function ofBus(root: FakeRoot, name: string, paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  if (others.length === 0) return first;
  const real = fs.realpathSync(root.at(`/sys/bus/pci/devices/${name}`));
  return paths.find((path) => root.at(path) === real) ?? first;
}

function readdirOr(root: FakeRoot, path: string): string[] {
  return fs.existsSync(root.at(path)) ? fs.readdirSync(root.at(path)) : [];
}

function readOr(root: FakeRoot, path: string): string {
  return fs.existsSync(root.at(path)) ? fs.readFileSync(root.at(path), 'utf8') : '';
}
