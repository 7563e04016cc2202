/** Reads the release of the kernel, its modules, and the kinds of VFIO nodes that it supports. */
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { type ConfigSystem, readKernelConfig } from './kernel-config.ts';
import type { Distribution, Kernel, ModuleState } from './snapshot.ts';

/** In bytes; the lists of distributions have 1 MB or less. */
const MAX_LIST_SIZE = 64 << 20;

/** Reads /proc, /sys and /lib/modules; a file that cannot be read is treated as absent. */
export function readKernel(system: ConfigSystem, root: Root): Kernel {
  const { files } = system;
  const read = (path: string, limit?: number) =>
    tryOrUndefined(() => files.read(pathBelow(root, path), limit));
  const exists = (path: string) => tryOrUndefined(() => files.lstat(pathBelow(root, path))) !== undefined;
  const release = read('/proc/sys/kernel/osrelease')?.trim();
  const config = readKernelConfig(system, root, release);
  const paths =
    release === undefined || release.includes('/')
      ? []
      : ['modules.builtin', 'modules.dep'].map((list) => `/lib/modules/${release}/${list}`);
  const texts = paths.map((path) => read(path, MAX_LIST_SIZE));
  const lists = texts.filter((text) => text !== undefined).join('\n');
  // A list that is there and cannot be read: what the other one lacks may be in it.
  const isWhole = lists !== '' && paths.every((path, index) => texts[index] !== undefined || !exists(path));
  const moduleState = (module: string, option: string, paths: readonly string[]): ModuleState => {
    if (paths.some(exists)) return 'present';
    // modules.dep has the file before a colon, modules.builtin at the end of a line.
    if (new RegExp(`(?:^|/)${module}\\.ko(?:\\.\\w+)?(?::|$)`, 'm').test(lists)) return 'available';
    if (config?.option(option) === 'm' && !isWhole) return 'available';
    return config || isWhole ? 'absent' : 'unknown';
  };
  const interfaces = parseInterfaces(read('/proc/devices') ?? '');
  const groupNodes = tryOrUndefined(() => files.readdir(pathBelow(root, '/sys/class/vfio'))) ?? [];
  return {
    ...(release !== undefined && { release }),
    ...(config && { config }),
    vfio: moduleState('vfio', 'VFIO', ['/sys/class/vfio-dev', '/sys/class/vfio', '/sys/module/vfio']),
    vfioPci: moduleState('vfio-pci', 'VFIO_PCI', ['/sys/bus/pci/drivers/vfio-pci']),
    iommufd: moduleState('iommufd', 'IOMMUFD', ['/sys/class/misc/iommu', '/sys/module/iommufd']),
    ...(interfaces && { interfaces }),
    ...(groupNodes.length > 0 && { hasGroupNode: true }),
  };
}

/**
 * Parses /proc/devices: vfio allocates device numbers for the kinds of node that it supports, `vfio-dev` in
 * device_cdev.c and `vfio` in group.c (drivers/vfio). `undefined` if it has neither.
 */
export function parseInterfaces(procDevices: string): { cdev: boolean; group: boolean } | undefined {
  const [characters = ''] = procDevices.split(/^Block devices:/m);
  const cdev = /^\s*\d+ vfio-dev$/m.test(characters);
  const group = /^\s*\d+ vfio$/m.test(characters);
  return cdev || group ? { cdev, group } : undefined;
}

/** Reads os-release(5); /etc takes precedence over /usr/lib, as the man page requires. */
export function readDistribution(files: Files, root: Root): Distribution | undefined {
  const text =
    tryOrUndefined(() => files.read(pathBelow(root, '/etc/os-release'))) ??
    tryOrUndefined(() => files.read(pathBelow(root, '/usr/lib/os-release')));
  if (text === undefined) return undefined;
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.replace(/^(["'])(.*)\1$/, '$2');
  const id = value('ID') ?? 'linux';
  return { id, like: (value('ID_LIKE') ?? '').split(' ').filter(Boolean), name: value('PRETTY_NAME') ?? id };
}
