/** Parses the NAME argument of the commands. */

export type DeviceQuery =
  | { readonly kind: 'sysname'; readonly sysname: string }
  | { readonly kind: 'devnum'; readonly devnum: string }
  | { readonly kind: 'link'; readonly link: string }
  | { readonly kind: 'sysfs'; readonly path: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'qualified'; readonly bus: string; readonly name: string }
  | { readonly kind: 'name'; readonly name: string };

/** Removes `.`, `..` and repeated slashes from a path without following symlinks. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Determines the form of NAME: `0000:01:00.0`, `01:00.0`, a UUID, `pci/...`, `vfio3`, `247:3`, a path in /dev or /sys. */
export function parseDeviceName(name: string): DeviceQuery {
  if (name.startsWith('/')) {
    const path = normalize(name);
    const node = /^\/dev\/vfio\/devices\/([^/]+)$/.exec(path)?.[1];
    if (node !== undefined) return { kind: 'sysname', sysname: node };
    if (path.startsWith('/dev/vfio/')) return { kind: 'link', link: path.slice('/dev/vfio/'.length) };
    return path.startsWith('/sys/') ? { kind: 'sysfs', path } : { kind: 'path', path };
  }
  if (/^(noiommu-)?vfio\d+$/.test(name)) return { kind: 'sysname', sysname: name };
  if (/^\d+:\d+$/.test(name)) return { kind: 'devnum', devnum: name };
  const slash = name.indexOf('/');
  if (slash > 0) return { kind: 'qualified', bus: name.slice(0, slash), name: name.slice(slash + 1) };
  return { kind: 'name', name: name.toLowerCase() === name ? name : lowerCaseHex(name) };
}

/** Lowercases PCI addresses and UUIDs, which sysfs always prints in lower case. */
function lowerCaseHex(name: string): string {
  return /^[0-9a-fA-F:.-]+$/.test(name) ? name.toLowerCase() : name;
}
