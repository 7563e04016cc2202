/** The lines that vfio_id prints about a group for IMPORT{program} of udev. */
import type { GroupAccess } from '../links/group-access.ts';
import type { Claim } from '../names/claims.ts';
import type { Access } from '../policy/policy.ts';

/** The property with the first links; udev's rules have one line for each property, as groupLinksProperty() counts. */
export function groupLinksProperty(number: number): string {
  return `ID_VFIO_GROUP_LINKS_${number}`;
}

/** The highest priority of the links, if one is not 0; udev has one priority for all links of a node. */
export const groupPriorityProperty = 'ID_VFIO_GROUP_PRIORITY';

/**
 * Bytes. SYMLINK of udev is expanded into 1024 bytes (UDEV_PATH_SIZE in systemd's src/udev/udev-rules.h), so links are parted
 * into several properties.
 */
const MAX_VALUE = 1000;

/** How many properties the rules read: about 500 links, and less than the 16384 bytes that udevd reads of a program. */
export const MAX_PROPERTIES = 15;

/** The properties for OWNER, GROUP and MODE of the group's node. */
export const groupAccessProperties = {
  owner: 'ID_VFIO_GROUP_OWNER',
  fileGroup: 'ID_VFIO_GROUP_GROUP',
  mode: 'ID_VFIO_GROUP_MODE',
} as const;

/**
 * Returns the properties with the access of a group's node. If the members do not agree, it is that of a new node, which takes
 * back what the node got from the members that were bound before.
 */
export function accessProperties({ access, disagreement }: GroupAccess): (readonly [string, string])[] {
  const given: Access = disagreement ? { owner: 'root', fileGroup: 'root', mode: '0600' } : access;
  return (['owner', 'fileGroup', 'mode'] as const).flatMap((key) => {
    const value = given[key];
    return value === undefined ? [] : [[groupAccessProperties[key], value] as const];
  });
}

interface GroupProperties {
  readonly properties: readonly (readonly [string, string])[];
  /** How many links are left out, because there are too many. */
  readonly omitted: number;
}

/**
 * Returns the properties with the links of a group, in the order of the links. The names of the scheme are in the properties of
 * the first part only, and come first there.
 */
export function groupProperties(claims: readonly Claim[], part = 0): GroupProperties {
  const textOf = ({ link }: Claim): string => `vfio/${link}`;
  const isScheme = ({ priority }: Claim): boolean => !Number.isFinite(priority);
  const links = [
    ...(part === 0 ? claims.filter(isScheme).map(textOf).sort() : []),
    ...claims
      .filter((claim) => !isScheme(claim))
      .map(textOf)
      .sort(),
  ];
  const values: string[] = [];
  let omitted = 0;
  for (const link of links) {
    const last = values.at(-1);
    // Names of the policy may have characters of several bytes.
    if (sizeOf(link) > MAX_VALUE) omitted++;
    else if (last !== undefined && sizeOf(last) + 1 + sizeOf(link) <= MAX_VALUE)
      values[values.length - 1] = `${last} ${link}`;
    else if (values.length < MAX_PROPERTIES) values.push(link);
    else omitted++;
  }
  const priorities = claims.map(({ priority }) => priority).filter(Number.isFinite);
  const priority = priorities.length === 0 ? 0 : Math.max(...priorities);
  return {
    properties: [
      ...values.map(
        (value, index) => [groupLinksProperty(part * MAX_PROPERTIES + index + 1), value] as const,
      ),
      ...(priority === 0 ? [] : [[groupPriorityProperty, String(priority)] as const]),
    ],
    omitted,
  };
}

function sizeOf(text: string): number {
  return /^[\u0000-\u007f]*$/.test(text) ? text.length : text.length * 3;
}
