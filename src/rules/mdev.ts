/**
 * From a policy to the lines of busybox mdev and mdevd. They know no more of a device than its node's name, so one line
 * gives every node one owner and mode, and a program of ours does the rest. Pure.
 */
import type { Access, LinkRule, Policy } from '../config/policy.ts';
import type { FactName } from '../devices/device.ts';
import { iommuAccess } from '../names/policy-access.ts';
import { safePart } from './compile.ts';
import { policyId } from './header.ts';
import { accountName, modeText } from './quote.ts';
import { writeRequest } from './request.ts';
import { udevFacts } from './udev-facts.ts';
import { helperPath } from './via.ts';

/** The fields of an mdev line: `root:kvm`, `0660`. */
export interface NodeAccess {
  readonly account: string;
  readonly mode: string;
}

export interface MdevLines {
  readonly policy: string;
  readonly scheme: number;
  readonly node: NodeAccess;
  /** A command for /bin/sh. */
  readonly command: string;
  readonly iommu: NodeAccess | undefined;
}

/**
 * The lines of a policy. Names for all devices that have the facts are made by vfio_id; names and access for some devices
 * need `sync`, which reads the policy itself. Throws a VfioNamesError (status 2) for an account or mode that no line can hold.
 */
export function compileMdev(policy: Policy, iommu: Access | undefined = iommuAccess(policy)): MdevLines {
  const [everywhere, further] = [
    policy.access.filter((rule) => rule.match.length === 0),
    policy.access.filter((rule) => rule.match.length > 0),
  ];
  const node: Access = Object.assign({}, ...everywhere.map(pick));
  const names = policy.links.map(unconditional);
  const simple = further.length === 0 && !names.includes(undefined);
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
  };
}

/**
 * The name as vfio_id takes it, where the rule means every device with its facts; else `undefined`. A `#` could be taken
 * for a comment in mdev.conf.
 */
function unconditional(rule: LinkRule): string | undefined {
  const [first, second] = rule.match;
  const onlyPci = first?.fact === 'bus' && !first.negate && first.patterns.join() === 'pci' && !second;
  const pciFact = rule.name.some((part) => 'fact' in part && busOf(part.fact) === 'pci');
  if (rule.priority !== 0 || (first && !(onlyPci && pciFact))) return undefined;
  const text = writeRequest(rule.name.map(safePart));
  return text.includes('#') ? undefined : text;
}

/** The bus whose devices alone can have the fact. */
function busOf(name: FactName): string | undefined {
  const fact = udevFacts[name];
  if (fact.kind === 'function') return 'pci';
  return fact.kind === 'import' ? fact.bus : undefined;
}

function pick({ owner, group, mode }: Access): Access {
  return {
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(mode !== undefined && { mode }),
  };
}

/** `kernel` is the mode that the kernel gives the node; udev gives 0660 where a group is given alone, so we do too. */
function fields(access: Access, kernel: string): NodeAccess {
  const mode = access.mode ?? (access.group === undefined ? kernel : '0660');
  return {
    account: `${accountName(access.owner ?? 'root')}:${accountName(access.group ?? 'root')}`,
    mode: modeText(mode),
  };
}
