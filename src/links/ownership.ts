/**
 * The links below /dev/vfio that are ours: those with the relative path of a node as their target, on whatever bus or in
 * whatever family they are, except links that udev made for the rule of another program.
 */
import { isUuid } from '../devices/facts/mdev.ts';
import { isPciAddress } from '../devices/pci.ts';
import { tryOrUndefined } from '../errors.ts';
import { isGroupLink, isReservedName, linkTarget } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { LinkEntry } from './tree.ts';

/**
 * Returns the node that a link leads to, `vfioN` or below groups/ the node of a group, `14` or `noiommu-14`, if its target is
 * what linkTarget() would write there. Only such a link may be replaced or removed; `undefined` for any other target, for a
 * link directly in /dev/vfio, and for a path that the kernel uses.
 */
export function targetNode(link: string, target: string): string | undefined {
  const parts = link.split('/');
  if (parts.length < 2 || isReservedName(parts[0] ?? '')) return undefined;
  const prefix = linkTarget(link, '');
  const node = target.startsWith(prefix) ? target.slice(prefix.length) : '';
  const shape = isGroupLink(link) ? /^(?:noiommu-)?(?:0|[1-9]\d{0,9})$/ : /^vfio(?:0|[1-9]\d{0,9})$/;
  return shape.test(node) ? node : undefined;
}

/**
 * The links, relative to /dev, that udev's database lists for the node `devnum`: the `S:` lines of
 * /run/udev/data/cMAJOR:MINOR (device_update_db in systemd's src/libsystemd/sd-device/device-private.c). `undefined` if the
 * database has no entry for the node.
 */
export function udevLinks(files: Files, root: Root, devnum: string): ReadonlySet<string> | undefined {
  const text = tryOrUndefined(() => files.read(pathBelow(root, `/run/udev/data/c${devnum}`)));
  if (text === undefined) return undefined;
  return new Set(text.split('\n').flatMap((line) => (line.startsWith('S:') ? [line.slice(2)] : [])));
}

/**
 * Returns those of `entries` that have the target of a link of ours, but that the rule of another program made: udev's
 * database lists them for the node that they lead to, and no device claims them. `claimed` has all claimed links, and
 * `devnumOf` returns the device number of this node of a device or a group.
 */
export function linksOfOthers(
  files: Files,
  root: Root,
  entries: Iterable<readonly [string, LinkEntry]>,
  claimed: Pick<ReadonlySet<string>, 'has'>,
  devnumOf: (node: string) => string | undefined,
): ReadonlySet<string> {
  const others = new Set<string>();
  const listed = new Map<string, ReadonlySet<string> | undefined>();
  for (const [link, { target }] of entries) {
    const node = target === undefined ? undefined : targetNode(link, target);
    if (node === undefined || claimed.has(link) || isDeviceName(link)) continue;
    const devnum = devnumOf(node);
    if (devnum === undefined) continue;
    if (!listed.has(devnum)) listed.set(devnum, udevLinks(files, root, devnum));
    if (listed.get(devnum)?.has(`vfio/${link}`)) others.add(link);
  }
  return others;
}

/**
 * Whether a link has the name of a device on its bus. Such a link that no device claims is never another program's: where
 * udev has stopped, its database still lists the links of the device that had the number before.
 */
function isDeviceName(link: string): boolean {
  const [bus, name = '', ...below] = (isGroupLink(link) ? link.slice('groups/'.length) : link).split('/');
  return below.length === 0 && ((bus === 'pci' && isPciAddress(name)) || (bus === 'mdev' && isUuid(name)));
}
