/**
 * Compiles a policy to the lines of busybox mdev and mdevd. They know only the name of a node, so one line sets one owner
 * and mode for every node, and runs vfio_id or vfio-names sync for the rest.
 */

import type { FactName } from '../devices/types.ts';
import { defaultGroupNames } from '../names/groups.ts';
import { iommuAccess } from '../policy/access.ts';
import type { Access, LinkRule, Policy } from '../policy/policy.ts';
import { formatMatch, formatRequest } from '../vfio-id/link-spec.ts';
import { udevFacts } from './facts.ts';
import { helperPath } from './helper-call.ts';
import { checkAccountName, formatMode, policyId, sanitizeTemplatePart } from './syntax.ts';

/** The fields of an mdev line: `root:kvm`, `0660`. */
export interface NodeAccess {
  readonly account: string;
  readonly mode: string;
}

interface MdevLines {
  readonly policy: string;
  readonly scheme: number;
  readonly node: NodeAccess;
  /** A /bin/sh command. */
  readonly command: string;
  readonly iommu: NodeAccess | undefined;
  /** The command for the nodes of groups; absent for a policy without names of groups. */
  readonly groupCommand: string | undefined;
}

/**
 * Compiles the lines of a policy. vfio_id creates names that apply to all devices with the facts; names and access for
 * some devices only need `sync`, which reads the policy itself. Throws VfioNamesError `policy` (status 2) for an account
 * or mode that a line cannot contain.
 */
export function compileMdev(policy: Policy, iommu: Access | undefined = iommuAccess(policy)): MdevLines {
  const [forAll, conditional] = [
    policy.accessRules.filter((rule) => rule.match.length === 0),
    policy.accessRules.filter((rule) => rule.match.length > 0),
  ];
  const node: Access = Object.assign({}, ...forAll.map(pick));
  const names = policy.linkRules.map(unconditional);
  const simple = conditional.length === 0 && !names.includes(undefined);
  return {
    policy: policyId(policy),
    scheme: policy.scheme,
    node: fields(node, '0600'),
    command: simple
      ? [`${helperPath} link "$ACTION"`, ...names.map((text, index) => `--link '${index + 1}=${text}'`)].join(
          ' ',
        )
      : 'vfio-names sync --quiet',
    iommu: iommu && fields(iommu, '0660'),
    groupCommand: groupCommand(policy),
  };
}

/**
 * Returns the command for the node of a group. vfio_id decides itself whether the group has names; the access of a group depends on
 * all its members, so only `sync` sets it.
 */
function groupCommand(policy: Policy): string | undefined {
  const { enabled, policyLinks } = { ...defaultGroupNames, ...policy.groups };
  if (enabled === false) return undefined;
  const requests = (policyLinks ? policy.linkRules : []).map(
    ({ match, template, priority }, index) =>
      `--link '${index + 1}${priority === 0 ? '' : `:${priority}`}=${formatMatch(match)}${formatRequest(template.map(sanitizeTemplatePart))}'`,
  );
  const command = [`${helperPath} group link`, ...(enabled === 'auto' ? ['--auto'] : []), ...requests].join(
    ' ',
  );
  // A # could start a comment.
  return policy.accessRules.length > 0 || command.includes('#') ? 'vfio-names sync --quiet' : command;
}

/**
 * Returns the name as a request to vfio_id if the rule applies to every device with its facts; else `undefined`. Rejects
 * `#`, which could start a comment in mdev.conf.
 */
function unconditional(rule: LinkRule): string | undefined {
  const [first, second] = rule.match;
  const onlyPci = first?.fact === 'bus' && !first.negate && first.patterns.join() === 'pci' && !second;
  const pciFact = rule.template.some((part) => 'fact' in part && busOf(part.fact) === 'pci');
  if (rule.priority !== 0 || (first && !(onlyPci && pciFact))) return undefined;
  const text = formatRequest(rule.template.map(sanitizeTemplatePart));
  return text.includes('#') ? undefined : text;
}

/** Returns the only bus whose devices can have the fact; `undefined` if there are several. */
function busOf(name: FactName): string | undefined {
  const fact = udevFacts[name];
  if (fact.kind === 'function') return 'pci';
  return fact.kind === 'import' ? fact.bus : undefined;
}

function pick({ owner, fileGroup, mode }: Access): Access {
  return {
    ...(owner !== undefined && { owner }),
    ...(fileGroup !== undefined && { fileGroup }),
    ...(mode !== undefined && { mode }),
  };
}

/** `kernelMode` is the default mode of the node. As in udev, a group without a mode gives 0660. */
function fields(access: Access, kernelMode: string): NodeAccess {
  const mode = access.mode ?? (access.fileGroup === undefined ? kernelMode : '0660');
  return {
    account: `${checkAccountName(access.owner ?? 'root')}:${checkAccountName(access.fileGroup ?? 'root')}`,
    mode: formatMode(mode),
  };
}
