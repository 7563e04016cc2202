/** The access of the nodes of groups: what the policy gives to all members that drivers of VFIO have, if it is the same. */
import { boundMembers, type VfioGroup } from '../devices/groups.ts';
import type { Device } from '../devices/types.ts';
import type { AccessRules } from '../policy/access.ts';
import type { Access } from '../policy/policy.ts';
import { printable } from '../text/printable.ts';
import type { Finding } from './finding.ts';
import type { Observation } from './observe.ts';

export interface GroupAccess {
  readonly group: VfioGroup;
  /** Empty if no rule matches, or if the members do not agree. */
  readonly access: Access;
  /** Two members to which the policy gives different access. */
  readonly disagreement?: readonly [MemberAccess, MemberAccess];
}

interface MemberAccess {
  readonly device: Device;
  readonly access: Access;
}

/** The groups that have names; the policy does not cover the nodes of others. */
export function namedGroups({
  groups,
  claims,
}: Pick<Observation, 'groups' | 'claims'>): readonly VfioGroup[] {
  if (groups.length === 0) return groups;
  const nodes = new Set(claims.map(({ group }) => group));
  return groups.filter(({ node }) => nodes.has(node));
}

/**
 * Returns the access of a group's node. As the names of groups, it does not depend on the nodes of the members, so that the
 * rules of udev decide the same when the group is announced.
 */
export function groupAccess(group: VfioGroup, rules: Pick<AccessRules, 'accessOf'> | undefined): GroupAccess {
  if (!rules) return { group, access: {} };
  const members = boundMembers(group).map(({ bus, name, syspath }): MemberAccess => {
    const device: Device = { bus, name, sysname: '', syspath };
    return { device, access: rules.accessOf(device) };
  });
  const [first] = members;
  if (!first) return { group, access: {} };
  const other = members.find(({ access }) => formatAccess(access) !== formatAccess(first.access));
  return other ? { group, access: {}, disagreement: [first, other] } : { group, access: first.access };
}

/** `root:kvm 0660`, or `nobody`. */
function formatAccess({ owner, fileGroup, mode }: Access): string {
  if (owner === undefined && fileGroup === undefined && mode === undefined) return 'nobody';
  return `${owner ?? 'root'}:${fileGroup ?? 'root'}${mode === undefined ? '' : ` ${mode}`}`;
}

/** Reports each group whose members do not agree, so that its node has the access of none of them. */
export function verifyGroupAccess(
  groups: readonly VfioGroup[],
  rules: Pick<AccessRules, 'accessOf'> | undefined,
): Finding[] {
  if (!rules) return [];
  return groups.flatMap((group): Finding[] => {
    const { disagreement } = groupAccess(group, rules);
    if (!disagreement) return [];
    const [first, { device, access }] = disagreement;
    const path = `/dev/vfio/${group.node}`;
    return [
      {
        code: 'group-owners',
        file: path,
        bus: device.bus,
        name: device.name,
        message: printable(
          `expected the access of IOMMU group ${group.number}, ${formatAccess(first.access)} as ${first.device.name}, found ${formatAccess(access)} in the policy, so ${path} is given to neither`,
        ),
        remedy:
          'give all devices of the group the same access in the policy: they are not isolated from each other',
        fixable: false,
      },
    ];
  });
}
