/**
 * The devices of a node as features for Node Feature Discovery. Pure; knows no file.
 *
 * A features file has a line `NAME=VALUE` a feature; a NAME with a slash becomes the label as it is, and the file may have
 * 64 KiB (source/local/local.go of node-feature-discovery). Comments came later than files, so there are none. A label's name
 * and value have 63 letters at most (Kubernetes, "Labels and Selectors").
 */
import type { Interface } from './cdi-spec.ts';

export const namespace = 'vfio-names.dev';

/** What a feature is made of. */
export interface NfdDevice {
  readonly bus: string;
  /** Facts of a PCI device: `0x10de`, `0x030000`. */
  readonly vendor?: string;
  readonly class?: string;
  readonly mdevType?: string;
}

export interface NfdNode {
  readonly devices: readonly NfdDevice[];
  /** Whether there is /dev/iommu. */
  readonly iommufd: boolean;
  /** What a workload opens; absent where there is nothing to open. */
  readonly interface: Interface | undefined;
}

/**
 * `vfio-names.dev/pci.count=2` and the like, sorted, a line each. A name that is no label is made one: what Kubernetes does
 * not allow becomes `_`.
 */
export function nfdFeatures({ devices, iommufd, interface: by }: NfdNode): string {
  const counts = new Map<string, number>();
  for (const device of devices)
    for (const name of namesOf(device)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const lines = [...counts].map(([name, count]) => [labelPart(name, '.count'), String(count)] as const);
  lines.push(['iommufd', String(iommufd)]);
  if (by !== undefined) lines.push(['interface', by]);
  const features = new Map(lines);
  return [...features]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${namespace}/${name}=${value}\n`)
    .join('');
}

/** The bus; class and vendor as Node Feature Discovery writes them of PCI devices, `pci-0300_10de`; the type. */
function namesOf({ bus, vendor, class: code, mdevType }: NfdDevice): string[] {
  const names = [bus];
  if (vendor !== undefined && code !== undefined) names.push(`${bus}-${code.slice(2, 6)}_${vendor.slice(2)}`);
  if (mdevType !== undefined) names.push(`${bus}-${mdevType}`);
  return names;
}

/** A name of letters, digits and `-_.`, with a letter or digit at both ends, and at most 63 of them with its end. */
function labelPart(name: string, end: string): string {
  const safe = name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[^A-Za-z0-9]+/, '');
  return `${safe === '' ? 'x' : safe}`.slice(0, 63 - end.length) + end;
}

/** Whether a file has features of ours and no others. */
export function isNfdOurs(text: string): boolean {
  return text.split('\n').every((line) => line === '' || line.startsWith(`${namespace}/`));
}
