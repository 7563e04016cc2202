/** Parses a NAME argument, in our own notation and in those of lspci, libvirt, nvidia-smi, udev and sysfs. */

import { resolvePath } from '../text/path.ts';
import { isUuid } from './facts/mdev.ts';
import { parseLoosePciAddress } from './pci.ts';

export type DeviceQuery =
  | { readonly kind: 'sysname'; readonly sysname: string }
  /** `name` is the same text as a name on a bus: a platform device can be called `80862288:00`. */
  | { readonly kind: 'devnum'; readonly devnum: string; readonly name: string }
  /** `group` is the name of the node in /dev/vfio: `14`, `noiommu-14`. */
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'link'; readonly link: string }
  | { readonly kind: 'sysfs'; readonly path: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'qualified'; readonly bus: string; readonly name: string }
  | { readonly kind: 'name'; readonly name: string };

/**
 * Determines the form of NAME: `0000:01:00.0`, `01:00.0`, a UUID, `pci/...`, `vfio3`, `247:3`, a path in /dev or /sys,
 * `pci_0000_01_00_0` of libvirt, `/dev/vfio/14`. Ignores surrounding blanks. Names keep their letter case, because ACPI
 * devices have upper case in theirs (`80860F28:00`).
 */
export function parseDeviceName(name: string): DeviceQuery {
  const text = name.trim();
  if (text.startsWith('/')) return parsePath(resolvePath('/', text));
  // As udev prints links: relative to /dev, or to /dev/vfio.
  if (/^(?:dev\/)?vfio\//.test(text)) return parsePath(resolvePath('/dev', text.replace(/^dev\//, '')));
  if (/^(?:sys|bus|class)\//.test(text)) return parsePath(resolvePath('/sys', text.replace(/^sys\//, '')));
  if (/^(?:kernel\/)?iommu_groups\//.test(text))
    return parsePath(resolvePath('/sys/kernel', text.replace(/^kernel\//, '')));
  if (text.startsWith('devices/')) return parsePath(resolvePath('/dev/vfio', text));
  if (/^(noiommu-)?vfio\d+$/i.test(text)) return { kind: 'sysname', sysname: text.toLowerCase() };
  if (/^\d+:\d+$/.test(text)) return { kind: 'devnum', devnum: text, name: text };
  const group = /^(?:iommu[ _-]?)?groups?[ /:_-]?(\d+)$/i.exec(text)?.[1] ?? /^noiommu-\d+$/.exec(text)?.[0];
  if (group !== undefined) return { kind: 'group', group };
  return parseForeign(text) ?? parseQualified(text);
}

/** The link, relative to /dev/vfio, that the query can mean; an alias may be without its directory. */
export function linkOfQuery(query: DeviceQuery): string | undefined {
  if (query.kind === 'link') return query.link;
  if (query.kind === 'qualified') return `${query.bus}/${query.name}`;
  return query.kind === 'name' ? query.name : undefined;
}

function parsePath(path: string): DeviceQuery {
  const below = path.startsWith('/dev/vfio/') ? path.slice('/dev/vfio/'.length) : undefined;
  const node = below === undefined ? undefined : /^devices\/([^/]+)$/.exec(below)?.[1];
  if (node !== undefined) return { kind: 'sysname', sysname: node };
  if (below !== undefined && /^(?:noiommu-)?\d+$/.test(below)) return { kind: 'group', group: below };
  if (below !== undefined) return { kind: 'link', link: below };
  const group = /^\/sys\/(?:kernel\/iommu_groups|class\/vfio)\/((?:noiommu-)?\d+)(?:\/devices)?$/.exec(
    path,
  )?.[1];
  if (group !== undefined) return { kind: 'group', group };
  return path.startsWith('/sys/') ? { kind: 'sysfs', path } : { kind: 'path', path };
}

/** `pci_0000_c1_00_0` and `mdev_UUID...` of libvirt, `pci:...`, `pci@...` and `pci-...` of udev and lshw. */
function parseForeign(text: string): DeviceQuery | undefined {
  const nodedev = /^pci_([0-9a-f]{4,8})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/i.exec(text);
  if (nodedev) {
    const [, domain, bus, device, number] = nodedev;
    return { kind: 'qualified', bus: 'pci', name: `${domain}:${bus}:${device}.${number}` };
  }
  const mdev = /^mdev_([0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})(?:_|$)/i.exec(text)?.[1];
  if (mdev !== undefined) return { kind: 'qualified', bus: 'mdev', name: mdev.replaceAll('_', '-') };
  const [, bus = '', name = ''] = /^(pci|mdev)[:@-](.+)$/i.exec(text) ?? [];
  if (isUuid(name) || parseLoosePciAddress(name)) return { kind: 'qualified', bus, name };
  return undefined;
}

function parseQualified(text: string): DeviceQuery {
  const name = text.replace(/\/+$/, '');
  const slash = name.indexOf('/');
  if (slash > 0) return { kind: 'qualified', bus: name.slice(0, slash), name: name.slice(slash + 1) };
  return { kind: 'name', name };
}
