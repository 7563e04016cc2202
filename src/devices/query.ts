/** What a person's NAME asks for: a form and what it holds. Pure. */

export type Query =
  | { readonly form: 'sysname'; readonly sysname: string }
  | { readonly form: 'devnum'; readonly devnum: string }
  | { readonly form: 'link'; readonly link: string }
  | { readonly form: 'sysfs'; readonly path: string }
  | { readonly form: 'path'; readonly path: string }
  | { readonly form: 'qualified'; readonly bus: string; readonly name: string }
  | { readonly form: 'name'; readonly name: string };

/** The path without `.`, `..` and doubled slashes, as text; links are not followed. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Tells the forms of NAME apart: `0000:01:00.0`, `01:00.0`, a UUID, `pci/...`, `vfio3`, `247:3`, a path in /dev or /sys. */
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
  return { form: 'name', name: name.toLowerCase() === name ? name : lowerHex(name) };
}

/** People write addresses and UUIDs in capitals; sysfs never does. */
function lowerHex(name: string): string {
  return /^[0-9a-fA-F:.-]+$/.test(name) ? name.toLowerCase() : name;
}
