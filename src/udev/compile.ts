/**
 * Compiles a policy to the lines of udev rules. The rules use udev's own keys and substitutions, and run vfio_id only for
 * facts that udev does not know and only for devices that the rest of the match selects.
 *
 * If two devices claim one name, udev has one priority for each device (OPTIONS+="link_priority="), not for each name: the
 * highest priority of the device's links applies to all of them. With equal priorities the later event wins in udev, but
 * the lower device name in `sync`.
 */

import { isExclusive } from '../names/claims.ts';
import { knownBuses } from '../names/scheme.ts';
import { iommuAccess } from '../policy/access.ts';
import type { Access, AccessRule, LinkRule, Policy } from '../policy/policy.ts';
import { formatRequest, linkProperty } from '../vfio-id/link-spec.ts';
import { compileGroups, type GroupRules } from './groups.ts';
import {
  addLinkLines,
  addRequest,
  helperLines,
  type LinkMode,
  otherNameLines,
  removeLinkLines,
  schemeRequest,
} from './helper-call.ts';
import { compileName, plainIdPathKey } from './link-name.ts';
import { compileMatch, helperState, type Selection } from './match.ts';
import {
  accessProperty,
  checkAccountName,
  escapeUdev,
  formatMode,
  formatRule,
  givenAccess,
  policyId,
  sanitizeTemplatePart,
  systemdTag,
  type UdevKeys,
} from './syntax.ts';

interface UdevRules {
  /** The policy's hash, or `default`, for the header. */
  readonly policy: string;
  readonly scheme: number;
  /** The first line, which ends the event of a device that is not for these rules. */
  readonly others: string;
  /** Lines for the removal of a device; empty if udev removes the links itself. */
  readonly remove: readonly string[];
  /** Lines that take back the access that the rules gave to a node at an earlier event. */
  readonly withdraw: readonly string[];
  /** Lines that set the access of /dev/iommu. */
  readonly iommu: readonly string[];
  /** The links of the scheme, one line per known bus. */
  readonly names: readonly string[];
  /** Lines that take the link of the scheme from vfio_id for a device on another bus. */
  readonly otherNames: readonly string[];
  /** Lines that run path_id, a builtin of udev. */
  readonly builtin: readonly string[];
  /** Lines that select the devices for vfio_id, then run it; empty if udev knows all facts of the policy. */
  readonly helper: readonly string[];
  readonly links: readonly string[];
  readonly access: readonly string[];
  /** Lines that run vfio_id to create the links. */
  readonly run: readonly string[];
  /** The rules for the names of groups. */
  readonly groups: GroupRules;
  /** The tag for systemd. */
  readonly systemd: string;
}

/** Compiles the rules of a policy; throws VfioNamesError `policy` (status 2) if udev cannot express a rule. */
export function compileUdev(
  policy: Policy,
  iommu: Access | undefined = iommuAccess(policy),
  via: LinkMode = 'native',
): UdevRules {
  const requests = new RequestTable();
  const scheme = via === 'import' ? importedScheme(requests) : nothing;
  const links = policy.linkRules
    .toSorted((a, b) => a.priority - b.priority)
    .map((rule) => compileLink(rule, requests, via));
  const access = withModes(policy.accessRules).map(compileAccess);
  const combined = concat([scheme, ...links, ...access]);
  const groups = compileGroups(policy, via);
  return {
    policy: policyId(policy),
    scheme: policy.scheme,
    others: othersLine(groups),
    remove: removeLinkLines(via),
    withdraw: withdrawLines(),
    iommu: iommu ? [formatRule(['SUBSYSTEM=="misc"', ...accessKeys(iommu)])] : [],
    names: via === 'native' ? knownBuses.map(schemeLine) : [],
    otherNames: via === 'native' ? otherNameLines() : [],
    builtin: unique(combined.builtin),
    helper: helperLines(unique(combined.wants), combined.lines, via === 'run' ? [] : requests.options()),
    links: unique([scheme, ...links].flatMap((compiled) => compiled.lines)),
    access: access.flatMap((compiled) => compiled.lines),
    run: addLinkLines(via),
    groups,
    systemd: formatRule(systemdTag),
  };
}

/** udev runs the file for the events of all devices of the machine, so those of another subsystem leave it at once. */
function othersLine({ leave }: GroupRules): string {
  return formatRule([
    ...(leave.length > 0 ? ['ACTION!="remove"'] : []),
    'SUBSYSTEM!="vfio-dev|vfio|misc"',
    'GOTO="vfio_names_end"',
  ]);
}

/** Sets what the kernel gives to a new node (drivers/vfio/vfio_main.c, drivers/iommu/iommufd/main.c). */
function withdrawLines(): string[] {
  const given = `ENV{${accessProperty}}=="?*"`;
  return [
    formatRule([`IMPORT{db}="${accessProperty}"`]),
    formatRule([given, 'OWNER="root"', 'GROUP="root"', 'MODE="0600"']),
    formatRule([given, 'SUBSYSTEM=="misc"', 'MODE="0660"']),
    formatRule([`ENV{${accessProperty}}=""`]),
  ];
}

/** The lines of a rule: lines that run path_id, lines that request vfio_id, and the rule's own lines. */
interface Lines {
  readonly builtin: readonly string[];
  readonly wants: readonly string[];
  readonly lines: readonly string[];
}

function schemeLine(bus: string): string {
  return compileMatch([{ fact: 'bus', negate: false, patterns: [bus] }])
    .flatMap((selection) => selection.udevKeys)
    .map((keys) => formatRule([...keys, `SYMLINK+="vfio/${bus}/$id"`, 'GOTO="vfio_names_named"']))
    .join('\n');
}

/** Takes the name of the scheme from vfio_id, for every device, including devices on future buses. */
function importedScheme(requests: RequestTable): Lines {
  const property = linkProperty(requests.number(schemeRequest));
  const link = [`ENV{${property}}=="?*"`, `SYMLINK+="vfio/$env{${property}}"`];
  return { ...nothing, wants: [`${helperState}="want"`], lines: [formatRule(link)] };
}

function compileLink(rule: LinkRule, requests: RequestTable, via: LinkMode): Lines {
  const priority = rule.priority === 0 ? [] : [`OPTIONS+="link_priority=${rule.priority}"`];
  const link = (text: string): UdevKeys => [`SYMLINK+="vfio/${text}"`, ...priority];
  return concat(
    compileMatch(rule.match).flatMap((selection): Lines[] => {
      const name = compileName(rule.template, selection.bus);
      if (!name) return [];
      const { keys, text, tagText } = name;
      // vfio_id looks at the other devices before it prints an exclusive name.
      const [first] = rule.template;
      const isAlone = first !== undefined && 'text' in first && isExclusive(first.text);
      if (text !== undefined && via === 'native' && !isAlone)
        return [matchLines(selection, keys, [...selection.helperKeys, ...name.helperKeys], link(text))];
      const request = formatRequest(rule.template.map(sanitizeTemplatePart));
      const number = requests.number(request);
      if (via === 'run')
        return [
          matchLines(selection, [], selection.helperKeys, [addRequest(number, request, rule.priority)]),
        ];
      const property = linkProperty(number);
      const fromHelper = (extraKeys: UdevKeys): Lines =>
        matchLines(
          selection,
          [...keys, ...extraKeys],
          [...selection.helperKeys, `ENV{${property}}=="?*"`],
          link(`$env{${property}}`),
        );
      if (tagText === undefined || via === 'import') return [fromHelper([])];
      const plain = [...keys, plainIdPathKey('==')];
      return [
        { ...nothing, builtin: alternatives(selection, [...keys, 'IMPORT{builtin}="path_id"']) },
        matchLines(selection, plain, [...selection.helperKeys, ...name.helperKeys], link(tagText)),
        fromHelper([plainIdPathKey('!=')]),
      ];
    }),
  );
}

type MatchedAccess = Access & Pick<AccessRule, 'match'>;

/**
 * A group without a mode gives 0660, unless another rule that matches sets a mode. udev itself does so only if no line has set the
 * mode, and the lines that take back access set it.
 */
function withModes(rules: readonly AccessRule[]): MatchedAccess[] {
  const first = rules.findIndex(({ mode }) => mode !== undefined);
  const hasDefault = ({ fileGroup, mode }: Access): boolean => fileGroup !== undefined && mode === undefined;
  // The line of a rule before which no other one sets a mode has it itself.
  const isFree = (index: number): boolean => first < 0 || index < first;
  return [
    ...rules.flatMap((rule, index) =>
      hasDefault(rule) && !isFree(index) ? [{ match: rule.match, mode: '0660' }] : [],
    ),
    ...rules.map((rule, index) => (hasDefault(rule) && isFree(index) ? { ...rule, mode: '0660' } : rule)),
  ];
}

function compileAccess(rule: MatchedAccess): Lines {
  // Applies to every device, including devices on future buses.
  if (rule.match.length === 0) return { ...nothing, lines: [formatRule(accessKeys(rule))] };
  return concat(
    compileMatch(rule.match).map((selection) =>
      matchLines(selection, [], selection.helperKeys, accessKeys(rule)),
    ),
  );
}

const nothing: Lines = { builtin: [], wants: [], lines: [] };

function concat(parts: readonly Lines[]): Lines {
  return {
    builtin: parts.flatMap((part) => part.builtin),
    wants: parts.flatMap((part) => part.wants),
    lines: parts.flatMap((part) => part.lines),
  };
}

/** Returns lines with `assignments`, if the selection, `extraKeys` and `needed` (keys on the output of vfio_id) match. */
function matchLines(
  selection: Selection,
  extraKeys: UdevKeys,
  needed: UdevKeys,
  assignments: UdevKeys,
): Lines {
  return {
    builtin: [],
    wants: needed.length === 0 ? [] : alternatives(selection, [...extraKeys, `${helperState}="want"`]),
    lines: alternatives(selection, [...extraKeys, ...needed, ...assignments]),
  };
}

function alternatives(selection: Selection, extraKeys: UdevKeys): string[] {
  return selection.udevKeys.map((keys) => formatRule([...new Set([...keys, ...extraKeys])]));
}

function accessKeys(access: Access): UdevKeys {
  return [
    ...(access.owner === undefined ? [] : [`OWNER="${escapeUdev(checkAccountName(access.owner))}"`]),
    ...(access.fileGroup === undefined ? [] : [`GROUP="${escapeUdev(checkAccountName(access.fileGroup))}"`]),
    ...(access.mode === undefined ? [] : [`MODE="${formatMode(access.mode)}"`]),
    givenAccess,
  ];
}

/** Numbers the names that only vfio_id can build. */
class RequestTable {
  readonly #texts: string[] = [];

  number(text: string): number {
    const found = this.#texts.indexOf(text);
    return found >= 0 ? found + 1 : this.#texts.push(text);
  }

  options(): string[] {
    return this.#texts.map((text, index) => `--link '${index + 1}=${escapeUdev(text)}'`);
  }
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
