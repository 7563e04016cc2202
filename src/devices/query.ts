/** Parses the NAME argument of the commands. */

export type Query =
  | { readonly form: 'sysname'; readonly sysname: string }
  | { readonly form: 'devnum'; readonly devnum: string }
  | { readonly form: 'link'; readonly link: string }
  | { readonly form: 'sysfs'; readonly path: string }
  | { readonly form: 'path'; readonly path: string }
  | { readonly form: 'qualified'; readonly bus: string; readonly name: string }
  | { readonly form: 'name'; readonly name: string };

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
export function parseQuery(name: string): Query {
  if (name.startsWith('/')) {
    const path = normalize(name);
    const node = /^\/dev\/vfio\/devices\/([^/]+)$/.exec(path)?.[1];
    if (node !== undefined) return { form: 'sysname', sysname: node };
    if (path.startsWith('/dev/vfio/')) return { form: 'link', link: path.slice('/dev/vfio/'.length) };
    return path.startsWith('/sys/') ? { form: 'sysfs', path } : { form: 'path', path };
  }
  if (/^(noiommu-)?vfio\d+$/.test(name)) return { form: 'sysname', sysname: name };
  if (/^\d+:\d+$/.test(name)) return { form: 'devnum', devnum: name };
  const slash = name.indexOf('/');
  if (slash > 0) return { form: 'qualified', bus: name.slice(0, slash), name: name.slice(slash + 1) };
  return { form: 'name', name: name.toLowerCase() === name ? name : lowerCaseHex(name) };
}

/** Lowercases PCI addresses and UUIDs, which sysfs always prints in lower case. */
function lowerCaseHex(name: string): string {
  return /^[0-9a-fA-F:.-]+$/.test(name) ? name.toLowerCase() : name;
}
