/**
 * From a policy to the lines of udev rules: what udev can express by its own keys and substitutions, and a program only
 * for the facts that it can't know, and only for the devices that the rest of a match leaves. Pure.
 *
 * Where two devices want one name, udev knows one priority a device (OPTIONS+="link_priority="), not one a name: the
 * highest of the device's links counts for all, and between equals the later event wins, where sync takes the lower name.
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
  /** What the header says: the policy's hash, or `default`. */
  readonly policy: string;
  readonly scheme: number;
  /** What is done when a device went, where udev does not do it by itself. */
  readonly remove: readonly string[];
  /** /dev/iommu. */
  readonly iommu: readonly string[];
  /** The links of the scheme, one line a bus. */
  readonly names: readonly string[];
  /** Run path_id, which is part of udev itself. */
  readonly builtin: readonly string[];
  /** Ask for, then run vfio_id; empty for a policy of facts that udev knows. */
  readonly helper: readonly string[];
  readonly links: readonly string[];
  readonly access: readonly string[];
  /** Have vfio_id make the links. */
  readonly run: readonly string[];
}

/** The rules of a policy; throws a VfioNamesError (status 2) for what udev can't express. */
export function compile(
  policy: Policy,
  iommu: Access | undefined = iommuAccess(policy),
  via: Via = 'native',
): UdevRules {
  const requests = new Requests();
  const scheme = via === 'import' ? importedScheme(requests) : nothing;
  const links = policy.links
    .toSorted((a, b) => a.priority - b.priority)
    .map((rule) => compileLink(rule, requests, via));
  const access = policy.access.map(compileAccess);
  const all = together([scheme, ...links, ...access]);
  return {
    policy: policyId(policy),
    scheme: policy.scheme,
    remove: removeLines(via),
    iommu: iommu ? [lineText(['SUBSYSTEM=="misc"', 'KERNEL=="iommu"', ...accessKeys(iommu)])] : [],
    names: via === 'native' ? knownBuses.map(schemeLine) : [],
    builtin: unique(all.builtin),
    helper: helperLines(unique(all.wants), all.lines, via === 'run' ? [] : requests.options()),
    links: unique([scheme, ...links].flatMap((one) => one.lines)),
    access: access.flatMap((one) => one.lines),
    run: runLines(via),
  };
}

/** What a rule gives: lines that run path_id, lines that ask for vfio_id, and its own lines. */
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

/** The name of the scheme from vfio_id, for every device, those on buses that come later too. */
function importedScheme(requests: Requests): Lines {
  const property = requestProperty(requests.number(schemeRequest));
  const link = [`ENV{${property}}=="?*"`, `SYMLINK+="vfio/$env{${property}}"`];
  return { ...nothing, wants: [`${imported}="want"`], lines: [lineText(link)] };
}

function compileLink(rule: LinkRule, requests: Requests, via: Via): Lines {
  const priority = rule.priority === 0 ? [] : [`OPTIONS+="link_priority=${rule.priority}"`];
  const link = (text: string): Keys => [`SYMLINK+="vfio/${text}"`, ...priority];
  return together(
    select(rule.match).flatMap((selection): Lines[] => {
      const name = udevName(rule.name, selection.bus);
      if (!name) return [];
      const { keys, text, tagged } = name;
      if (text !== undefined && via === 'native')
        return [act(selection, keys, [...selection.imported, ...name.imported], link(text))];
      const request = writeRequest(rule.name.map(safePart));
      const number = requests.number(request);
      if (via === 'run')
        return [act(selection, [], selection.imported, [gather(number, request, rule.priority)])];
      const property = requestProperty(number);
      const asked = (more: Keys): Lines =>
        act(
          selection,
          [...keys, ...more],
          [...selection.imported, `ENV{${property}}=="?*"`],
          link(`$env{${property}}`),
        );
      if (tagged === undefined || via === 'import') return [asked([])];
      const plain = [...keys, plainPath('==')];
      return [
        { ...nothing, builtin: alternatives(selection, [...keys, 'IMPORT{builtin}="path_id"']) },
        act(selection, plain, [...selection.imported, ...name.imported], link(tagged)),
        asked([plainPath('!=')]),
      ];
    }),
  );
}

/** Fixed text as udev would make it, so that nothing in a request can end its quotes. */
export function safePart(part: NamePart): NamePart {
  return 'text' in part ? { text: safeText(part.text) ?? '' } : part;
}

function compileAccess(rule: AccessRule): Lines {
  // For every device, those on buses that come later too.
  if (rule.match.length === 0) return { ...nothing, lines: [lineText(accessKeys(rule))] };
  return together(
    select(rule.match).map((selection) => act(selection, [], selection.imported, accessKeys(rule))),
  );
}

const nothing: Lines = { builtin: [], wants: [], lines: [] };

function together(parts: readonly Lines[]): Lines {
  return {
    builtin: parts.flatMap((part) => part.builtin),
    wants: parts.flatMap((part) => part.wants),
    lines: parts.flatMap((part) => part.lines),
  };
}

/** Lines that do `acts` where the selection and `more` hold, and `needed` of what vfio_id has to print first. */
function act(selection: Selection, more: Keys, needed: Keys, acts: Keys): Lines {
  return {
    builtin: [],
    wants: needed.length === 0 ? [] : alternatives(selection, [...more, `${imported}="want"`]),
    lines: alternatives(selection, [...more, ...needed, ...acts]),
  };
}

function alternatives(selection: Selection, more: Keys): string[] {
  return selection.native.map((keys) => lineText([...new Set([...keys, ...more])]));
}

function accessKeys(access: Access): Keys {
  return [
    ...(access.owner === undefined ? [] : [`OWNER="${udevText(accountName(access.owner))}"`]),
    ...(access.group === undefined ? [] : [`GROUP="${udevText(accountName(access.group))}"`]),
    ...(access.mode === undefined ? [] : [`MODE="${modeText(access.mode)}"`]),
  ];
}

/** The names that only vfio_id can make, numbered. */
class Requests {
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
