/**
 * The names of the members of one group for udev: one call prints the links to the node of the group. Names that only one
 * device may claim need a look at the other groups.
 */
import {
  hasNoDeviceNodes,
  readVfioGroup,
  scanGroups,
  tryGroupDevnum,
  type VfioGroup,
} from '../devices/groups.ts';
import { scanDevice } from '../devices/scan.ts';
import type { Device } from '../devices/types.ts';
import { errnoOf, tryOrUndefined, VfioNamesError } from '../errors.ts';
import { targetNode, udevLinks } from '../links/ownership.ts';
import { type Claim, isExclusive, resolveClaims } from '../names/claims.ts';
import { claimsOfGroup, hasGroupNames } from '../names/groups.ts';
import { groupLink, linkRoot } from '../names/scheme.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import type { LinkSpec } from './args.ts';
import { policyNamesOf } from './wanted.ts';

/** Which groups have names, and the names beside those of the scheme. */
export interface GroupOptions {
  readonly auto: boolean;
  readonly links: readonly LinkSpec[];
}

/** The devices of a group that the class vfio-dev lists; as sync, without those that cannot be read. */
function devicesOf(files: Files, root: Root, { members }: VfioGroup): Device[] {
  return members.flatMap(({ syspath }) => {
    const sysnames = tryOrUndefined(() => files.readdir(pathBelow(root, `${syspath}/vfio-dev`))) ?? [];
    return sysnames.flatMap((sysname) => {
      try {
        return scanDevice(files, root, sysname) ?? [];
      } catch (error) {
        if (!(error instanceof VfioNamesError) && errnoOf(error) === undefined) throw error;
        return [];
      }
    });
  });
}

/** The claims of the members of a group; empty if the group has no names. */
export function claimsOf(files: Files, root: Root, group: VfioGroup, { auto, links }: GroupOptions): Claim[] {
  const devices = auto ? devicesOf(files, root, group) : [];
  if (!hasGroupNames(auto ? 'auto' : true, devices, () => hasNoDeviceNodes(files, root))) return [];
  return claimsOfGroup(group, [], policyNamesOf(files, root, links));
}

/** The links that a group gets, and the groups that had one of them before. */
interface GroupLinks {
  /** Absent if it has no node. */
  readonly group?: VfioGroup;
  readonly claims: readonly Claim[];
  /** Other groups with a claim to the same exclusive name, which nobody gets: each may have it from before. */
  readonly outdated: readonly VfioGroup[];
}

/** Returns the links of a group; throws as readVfioGroup(). A group without a node has none. */
export function linksOfGroup(files: Files, root: Root, node: string, options: GroupOptions): GroupLinks {
  const group = readVfioGroup(files, root, node)?.group;
  if (!group) return { claims: [], outdated: [] };
  const own = claimsOf(files, root, group, options);
  const exclusive = new Set(own.flatMap(({ link }) => (isExclusive(link) ? [link] : [])));
  const others =
    exclusive.size === 0
      ? []
      : scanGroups(files, root).groups.flatMap((other) =>
          other.node === node
            ? []
            : claimsOf(files, root, other, options).filter(({ link }) => exclusive.has(link)),
        );
  const { winners } = resolveClaims([...own, ...others]);
  const outdated = new Set(others.flatMap(({ group: other }) => other ?? []));
  return {
    group,
    claims: [...winners.values()].filter((claim) => claim.group === node),
    outdated: [...outdated].flatMap((other) => readVfioGroup(files, root, other)?.group ?? []),
  };
}

/**
 * Returns the node of the group that udev has to name again for a device: `/devices/.../vfio-dev/vfioN`, which has joined it,
 * or `BUS/NAME`, which has left it. `undefined` if there is none, or if it has the right names or is being named now. `always`
 * is for names that can change while the group's node exists.
 */
export function outdatedGroup(
  files: Files,
  root: Root,
  subject: string,
  { auto, always }: { readonly auto: boolean; readonly always: boolean },
): string | undefined {
  const syspath = /^(?:\/sys)?(\/devices\/.+)\/vfio-dev\/[^/]+$/.exec(subject)?.[1];
  if (syspath === undefined) return groupOfLink(files, root, subject);
  const read = (path: string) =>
    tryOrUndefined(() => files.readlink(pathBelow(root, `/sys${syspath}${path}`)));
  const [group, subsystem] = [read('/iommu_group'), read('/subsystem')];
  if (group === undefined || subsystem === undefined) return undefined;
  const number = baseName(group);
  for (const node of [number, `noiommu-${number}`]) {
    const devnum = tryGroupDevnum(files, root, node);
    if (devnum === undefined) continue;
    const listed = udevLinks(files, root, devnum);
    // udev is processing the first event of the group, which names all members.
    if (!listed && !(auto && needsAnnouncement(files, root))) return undefined;
    const link = groupLink({ bus: baseName(subsystem), name: baseName(syspath) });
    return !always && listed?.has(`vfio/${link}`) ? undefined : node;
  }
  return undefined;
}

/** Whether the rules skip the first event of a group with `auto`: the same tests as theirs (udev/groups.ts). */
function needsAnnouncement(files: Files, root: Root): boolean {
  return ['/sys/class/misc/iommu', '/sys/class/vfio-dev'].every(
    (path) => tryOrUndefined(() => files.lstat(pathBelow(root, path))) !== undefined,
  );
}

/** The group to which the name of a device leads, of `BUS/NAME`. */
function groupOfLink(files: Files, root: Root, subject: string): string | undefined {
  const [, bus = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(subject) ?? [];
  const link = groupLink({ bus, name });
  if (link === undefined) return undefined;
  const target = tryOrUndefined(() => files.readlink(pathBelow(root, `${linkRoot}/${link}`)));
  return target === undefined ? undefined : targetNode(link, target);
}

/** Any UUID, which the kernel needs before the argument (kobject_action_args in lib/kobject_uevent.c). */
const uuid = '6a6f4a1e-5b0c-4c8e-9d5e-76666f2d6e61';

/** The property of udev that marks an event of announceGroup(): the kernel puts SYNTH_ARG_ in front. */
export const announcedProperty = 'SYNTH_ARG_VFIONAMES';

/** Has the kernel announce a change of a group, so that udev runs the rules of its names again. */
export function announceGroup(files: Files, root: Root, node: string): void {
  const path = pathBelow(root, `/sys/class/vfio/${node}/uevent`);
  tryOrUndefined(() => files.writeAttribute(path, `change ${uuid} VFIONAMES=group`));
}
