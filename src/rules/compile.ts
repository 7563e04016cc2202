/**
 * Compiles a policy to the lines of udev rules. The rules use udev's own keys and substitutions, and run vfio_id only for
 * facts that udev does not know and only for devices that the rest of the match selects.
 *
 * If two devices claim one name, udev has one priority for each device (OPTIONS+="link_priority="), not for each name: the
 * highest priority of the device's links applies to all of them. With equal priorities the later event wins in udev, but
 * the lower device name in `sync`.
 */
import type { Access, AccessRule, LinkRule, NamePart, Policy } from '../config/policy.ts';
import { iommuAccess } from '../names/policy-access.ts';
import { knownBuses } from '../names/scheme.ts';
import { policyId } from './header.ts';
import { helperLines } from './helper-lines.ts';
import { type Keys, lineText } from './line.ts';
import { accountName, modeText, safeText, udevText } from './quote.ts';
import { requestProperty, writeRequest } from './request.ts';
import { imported, type Selection, select } from './udev-match.ts';
import { plainPath, udevName } from './udev-name.ts';
import { gather, removeLines, runLines, schemeRequest, type Via } from './via.ts';

export interface UdevRules {
  /** The policy's hash, or `default`, for the header. */
  readonly policy: string;
  readonly scheme: number;
  /** Lines for the removal of a device; empty if udev removes the links itself. */
  readonly remove: readonly string[];
  /** Lines that set the access of /dev/iommu. */
  readonly iommu: readonly string[];
  /** The links of the scheme, one line per bus. */
  readonly names: readonly string[];
  /** Lines that run path_id, a builtin of udev. */
  readonly builtin: readonly string[];
  /** Lines that select the devices for vfio_id, then run it; empty if udev knows all facts of the policy. */
  readonly helper: readonly string[];
  readonly links: readonly string[];
  readonly access: readonly string[];
  /** Lines that run vfio_id to create the links. */
  readonly run: readonly string[];
}

/** Compiles the rules of a policy; throws VfioNamesError `policy` (status 2) if udev cannot express a rule. */
export function compile(
  policy: Policy,
  iommu: Access | undefined = iommuAccess(policy),
  via: Via = 'native',
): UdevRules {
  const requests = new RequestTable();
  const scheme = via === 'import' ? importedScheme(requests) : nothing;
  const links = policy.links
    .toSorted((a, b) => a.priority - b.priority)
    .map((rule) => compileLink(rule, requests, via));
  const access = policy.access.map(compileAccess);
  const combined = concat([scheme, ...links, ...access]);
  return {
    policy: policyId(policy),
    scheme: policy.scheme,
    remove: removeLines(via),
    iommu: iommu ? [lineText(['SUBSYSTEM=="misc"', 'KERNEL=="iommu"', ...accessKeys(iommu)])] : [],
    names: via === 'native' ? knownBuses.map(schemeLine) : [],
    builtin: unique(combined.builtin),
    helper: helperLines(unique(combined.wants), combined.lines, via === 'run' ? [] : requests.options()),
    links: unique([scheme, ...links].flatMap((compiled) => compiled.lines)),
    access: access.flatMap((compiled) => compiled.lines),
    run: runLines(via),
  };
}

/** The lines of a rule: lines that run path_id, lines that request vfio_id, and the rule's own lines. */
interface Lines {
  readonly builtin: readonly string[];
  readonly wants: readonly string[];
  readonly lines: readonly string[];
}

function schemeLine(bus: string): string {
  return select([{ fact: 'bus', negate: false, patterns: [bus] }])
    .flatMap((selection) => selection.native)
    .map((keys) => lineText([...keys, `SYMLINK+="vfio/${bus}/$id"`]))
    .join('\n');
}

/** Takes the name of the scheme from vfio_id, for every device, including devices on future buses. */
function importedScheme(requests: RequestTable): Lines {
  const property = requestProperty(requests.number(schemeRequest));
  const link = [`ENV{${property}}=="?*"`, `SYMLINK+="vfio/$env{${property}}"`];
  return { ...nothing, wants: [`${imported}="want"`], lines: [lineText(link)] };
}

function compileLink(rule: LinkRule, requests: RequestTable, via: Via): Lines {
  const priority = rule.priority === 0 ? [] : [`OPTIONS+="link_priority=${rule.priority}"`];
  const link = (text: string): Keys => [`SYMLINK+="vfio/${text}"`, ...priority];
  return concat(
    select(rule.match).flatMap((selection): Lines[] => {
      const name = udevName(rule.name, selection.bus);
      if (!name) return [];
      const { keys, text, tagged } = name;
      if (text !== undefined && via === 'native')
        return [matchLines(selection, keys, [...selection.imported, ...name.imported], link(text))];
      const request = writeRequest(rule.name.map(safePart));
      const number = requests.number(request);
      if (via === 'run')
        return [matchLines(selection, [], selection.imported, [gather(number, request, rule.priority)])];
      const property = requestProperty(number);
      const fromHelper = (extraKeys: Keys): Lines =>
        matchLines(
          selection,
          [...keys, ...extraKeys],
          [...selection.imported, `ENV{${property}}=="?*"`],
          link(`$env{${property}}`),
        );
      if (tagged === undefined || via === 'import') return [fromHelper([])];
      const plain = [...keys, plainPath('==')];
      return [
        { ...nothing, builtin: alternatives(selection, [...keys, 'IMPORT{builtin}="path_id"']) },
        matchLines(selection, plain, [...selection.imported, ...name.imported], link(tagged)),
        fromHelper([plainPath('!=')]),
      ];
    }),
  );
}

/** Sanitizes fixed text as udev does, so that nothing in a request can end its quotes. */
export function safePart(part: NamePart): NamePart {
  return 'text' in part ? { text: safeText(part.text) ?? '' } : part;
}

function compileAccess(rule: AccessRule): Lines {
  // Applies to every device, including devices on future buses.
  if (rule.match.length === 0) return { ...nothing, lines: [lineText(accessKeys(rule))] };
  return concat(
    select(rule.match).map((selection) => matchLines(selection, [], selection.imported, accessKeys(rule))),
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
function matchLines(selection: Selection, extraKeys: Keys, needed: Keys, assignments: Keys): Lines {
  return {
    builtin: [],
    wants: needed.length === 0 ? [] : alternatives(selection, [...extraKeys, `${imported}="want"`]),
    lines: alternatives(selection, [...extraKeys, ...needed, ...assignments]),
  };
}

function alternatives(selection: Selection, extraKeys: Keys): string[] {
  return selection.native.map((keys) => lineText([...new Set([...keys, ...extraKeys])]));
}

function accessKeys(access: Access): Keys {
  return [
    ...(access.owner === undefined ? [] : [`OWNER="${udevText(accountName(access.owner))}"`]),
    ...(access.group === undefined ? [] : [`GROUP="${udevText(accountName(access.group))}"`]),
    ...(access.mode === undefined ? [] : [`MODE="${modeText(access.mode)}"`]),
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
    return this.#texts.map((text, index) => `--link '${index + 1}=${udevText(text)}'`);
  }
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
