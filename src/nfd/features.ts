/**
 * Formats the devices of a cluster node as features for Node Feature Discovery.
 *
 * A features file has one line `NAME=VALUE` per feature and at most 64 KiB; a NAME with a slash becomes the label unchanged
 * (source/local/local.go of node-feature-discovery). The file has no comments, because old versions do not support them. A
 * label's name and value have at most 63 characters (Kubernetes, "Labels and Selectors").
 */
import type { Interface } from '../cdi/spec.ts';

const NFD_NAMESPACE = 'vfio-names.dev';

/** The facts of a device that features are made from. */
interface NfdDevice {
  readonly bus: string;
  /** Facts of a PCI device: `0x10de`, `0x030000`. */
  readonly vendor?: string;
  readonly class?: string;
  readonly mdevType?: string;
}

export interface NfdNode {
  readonly devices: readonly NfdDevice[];
  /** Whether the kernel has iommufd. */
  readonly iommufd: boolean;
  /** The interface that a workload uses; `undefined` if there is nothing to open. */
  readonly interface: Interface | undefined;
}

/**
 * Returns sorted lines such as `vfio-names.dev/pci.count=2`. Characters that Kubernetes does not allow in a label name are
 * replaced by `_`.
 */
export function nfdFeatures({ devices, iommufd, interface: by }: NfdNode): string {
  // By label, since several names can become the same.
  const counts = new Map<string, number>();
  for (const device of devices)
    for (const label of new Set(namesOf(device).map((name) => labelPart(name, '.count'))))
      counts.set(label, (counts.get(label) ?? 0) + 1);
  const lines = [...counts].map(([label, count]) => [label, String(count)] as const);
  lines.push(['iommufd', String(iommufd)]);
  if (by !== undefined) lines.push(['interface', by]);
  const features = new Map(lines);
  return [...features]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${NFD_NAMESPACE}/${name}=${value}\n`)
    .join('');
}

/**
 * The bus; the bus with class and vendor, as Node Feature Discovery writes them for PCI devices (`pci-0300_10de`); the
 * bus with the mdev type.
 */
function namesOf({ bus, vendor, class: code, mdevType }: NfdDevice): string[] {
  const names = [bus];
  if (vendor !== undefined && code !== undefined) names.push(`${bus}-${code.slice(2, 6)}_${vendor.slice(2)}`);
  if (mdevType !== undefined) names.push(`${bus}-${mdevType}`);
  return names;
}

/**
 * Makes a label name of letters, digits and `-_.`, with a letter or digit at both ends and at most 63 characters
 * including `end`.
 */
function labelPart(name: string, end: string): string {
  const safe = name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[^A-Za-z0-9]+/, '');
  return `${safe === '' ? 'x' : safe}`.slice(0, 63 - end.length) + end;
}

/** Whether a file has features, and all of them belong to vfio-names; an empty file is somebody else's. */
export function isOwnFeaturesFile(text: string): boolean {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.length > 0 && lines.every((line) => line.startsWith(`${NFD_NAMESPACE}/`));
}
