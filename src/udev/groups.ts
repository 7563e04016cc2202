/**
 * Compiles the rules for the names of groups. udev cannot list the members of a group, so one call of vfio_id for an event of
 * the group prints all links. No program runs where groups have no names: the rules see that from sysfs and udev's database.
 */

import { defaultGroupNames } from '../names/groups.ts';
import { knownBuses } from '../names/scheme.ts';
import type { Access, LinkRule, Match, Policy } from '../policy/policy.ts';
import { announcedProperty } from '../vfio-id/group.ts';
import {
  groupAccessProperties,
  groupLinksProperty,
  groupPriorityProperty,
  MAX_PROPERTIES,
} from '../vfio-id/group-lines.ts';
import { formatAccessRequest, formatMatch, formatRequest } from '../vfio-id/link-spec.ts';
import { helperPath, type LinkMode } from './helper-call.ts';
import { fileTest } from './match.ts';
import {
  checkAccountName,
  escapeUdev,
  formatMode,
  formatRule,
  givenAccess,
  MAX_LINE_BYTES,
  notExpressible,
  sanitizeTemplatePart,
  systemdTag,
} from './syntax.ts';

export interface GroupRules {
  /** For the removal of a group or of a member of one. */
  readonly leave: readonly string[];
  /** For a VFIO device, which can join a group that has its names already. */
  readonly join: readonly string[];
  /** For a group. */
  readonly names: readonly string[];
}

const none: GroupRules = { leave: [], join: [], names: [] };

const helperExists = `TEST=="${helperPath}"`;
const joined = 'vfio_names_joined';
const wanted = 'vfio_names_group_wanted';

/** Compiles the rules; all parts are empty for a policy without names of groups. */
export function compileGroups(policy: Policy, via: LinkMode): GroupRules {
  const { enabled, policyLinks } = { ...defaultGroupNames, ...policy.groups };
  if (enabled === false) return none;
  const rules = policyLinks ? policy.linkRules : [];
  const access = policy.accessRules.map(({ match, ...rule }) => accessOption(match, rule));
  const calls = splitRequests(access, rules);
  const command = (action: string, options: readonly string[], subject: string): string =>
    [helperPath, 'group', action, ...(enabled === 'auto' ? ['--auto'] : []), ...options, `'${subject}'`].join(
      ' ',
    );
  const always = usesDriver(rules) || policy.accessRules.some(({ match }) => match.length > 0);
  const [first = []] = calls;
  const links = via === 'run' ? onlyCall(splitRequests([], rules)) : first;
  const announce = (subject: string): string =>
    `RUN+="${command('announce', always ? ['--always'] : [], subject)}"`;
  const leaving = ['ACTION=="remove"', 'TEST=="/dev/vfio/groups/$env{SUBSYSTEM}/$kernel"', helperExists];
  return {
    leave:
      via === 'run'
        ? [
            formatRule([...leaving, `RUN+="${command('link', links, '0')}"`]),
            formatRule([
              ...['ACTION=="remove"', 'SUBSYSTEM=="vfio"', 'TEST=="/dev/vfio/groups"', helperExists],
              `RUN+="${command('link', links, '$kernel')}"`,
            ]),
          ]
        : [formatRule([...leaving, announce('$env{SUBSYSTEM}/$kernel')])],
    join: [
      ...(enabled === 'auto' ? [ownNameLine] : []),
      ...(always ? [] : knownBuses.map(hasNameLine)),
      formatRule([helperExists, announce('$devpath')]),
      // udevadm verify reports a label that no line names.
      ...(always && enabled !== 'auto' ? [] : [`LABEL="${joined}"`]),
    ],
    names: [
      ...(enabled === 'auto' ? decisionLines() : []),
      ...(via === 'run'
        ? [
            ...(access.length === 0
              ? []
              : [
                  ...importLines([access], (options) => command('names', options, '$kernel')),
                  ...accessLines(),
                ]),
            formatRule([helperExists, `RUN+="${command('link', links, '$kernel')}"`]),
          ]
        : [
            ...importLines(calls, (options) => command('names', options, '$kernel')),
            ...linkLines(calls.length, rules),
            ...(access.length === 0 ? [] : accessLines()),
          ]),
    ],
  };
}

/** One call makes all links of groups, since it removes those that nothing requests. */
function onlyCall([call = [], ...others]: readonly (readonly string[])[]): readonly string[] {
  if (others.length === 0) return call;
  throw notExpressible(
    'udev',
    `names of groups in a command of more than ${MAX_OPTION_BYTES} bytes`,
    'leave out --via run, or write group-links = false into [names]',
  );
}

function accessOption(match: Match, { owner, fileGroup, mode }: Access): string {
  const text = formatAccessRequest(match, {
    ...(owner !== undefined && { owner: checkAccountName(owner) }),
    ...(fileGroup !== undefined && { fileGroup: checkAccountName(fileGroup) }),
    ...(mode !== undefined && { mode: formatMode(mode) }),
  });
  return `--access '${escapeUdev(text)}'`;
}

/**
 * Sets the access of the group's node, which all its bound members have. `udevadm verify --resolve-names=never` ignores accounts,
 * and rejects a line without any other effect.
 */
function accessLines(): string[] {
  const keys = { owner: 'OWNER', fileGroup: 'GROUP', mode: 'MODE' } as const;
  return (['owner', 'fileGroup', 'mode'] as const).map((key) => {
    const property = groupAccessProperties[key];
    return formatRule([`ENV{${property}}=="?*"`, `${keys[key]}="$env{${property}}"`, givenAccess]);
  });
}

/** A name may depend on the driver, which changes while the group's node exists; any other fact of a member does not. */
function usesDriver(rules: readonly LinkRule[]): boolean {
  return rules.some(
    ({ match, template }) =>
      match.some(({ fact }) => fact === 'driver') ||
      template.some((part) => 'fact' in part && part.fact === 'driver'),
  );
}

/** A device with a name of its own needs none of its group. Linux 7.3 calls the node of a device without an IOMMU noiommu-vfioN. */
const ownNameLine = formatRule(['KERNEL=="vfio[0-9]*"', 'ENV{MAJOR}=="?*"', `GOTO="${joined}"`]);

/** Skips the call of vfio_id for a device that has the name of its group: the usual case, since the group comes first. */
function hasNameLine(bus: string): string {
  return formatRule([
    `SUBSYSTEMS=="${bus}"`,
    fileTest(bus, 'vfio-dev/$kernel'),
    `TEST=="/dev/vfio/groups/${bus}/$id"`,
    `GOTO="${joined}"`,
  ]);
}

/**
 * Decides whether a group can have names with `auto`: without iommufd or the class vfio-dev, no device has a node; else only if
 * vfio_id has announced the group for a device without a node, or has given it names at an earlier event.
 */
function decisionLines(): string[] {
  const property = groupLinksProperty(1);
  const go = `GOTO="${wanted}"`;
  return [
    formatRule(['TEST!="/sys/class/misc/iommu"', go]),
    formatRule(['TEST!="/sys/class/vfio-dev"', go]),
    formatRule([`ENV{${announcedProperty}}=="group"`, go]),
    formatRule([`IMPORT{db}="${property}"`]),
    formatRule([`ENV{${property}}!="?*"`, 'GOTO="vfio_names_end"']),
    `LABEL="${wanted}"`,
  ];
}

function importLines(
  calls: readonly (readonly string[])[],
  commandOf: (options: readonly string[]) => string,
): string[] {
  return [
    // What IMPORT{db} found is not the answer to this event.
    formatRule([`ENV{${groupLinksProperty(1)}}=""`]),
    ...calls.map((options, index) =>
      formatRule([
        helperExists,
        `IMPORT{program}="${commandOf(index === 0 ? options : [`--more=${index}`, ...options])}"`,
      ]),
    ),
  ];
}

/**
 * The values have several links with blanks between them, which udev keeps only without escaping, an option of one line; vfio_id
 * has sanitized the links.
 */
function linkLines(calls: number, rules: readonly LinkRule[]): string[] {
  const first = `ENV{${groupLinksProperty(1)}}=="?*"`;
  const priorities = [...new Set(rules.map(({ priority }) => priority))].filter((priority) => priority !== 0);
  const numbers = Array.from({ length: calls * MAX_PROPERTIES }, (_, index) => index + 1);
  return [
    formatRule([first, ...systemdTag]),
    ...priorities.map((priority) =>
      formatRule([`ENV{${groupPriorityProperty}}=="${priority}"`, `OPTIONS+="link_priority=${priority}"`]),
    ),
    ...numbers.map((number) => {
      const property = groupLinksProperty(number);
      return formatRule([
        `ENV{${property}}=="?*"`,
        'OPTIONS+="string_escape=none"',
        `SYMLINK+="$env{${property}}"`,
      ]);
    }),
  ];
}

/** The room for options in a line, in bytes: the rest is for the keys and the command. */
const MAX_OPTION_BYTES = MAX_LINE_BYTES - 500;

/**
 * Returns the options for the access rules and the names of the policy, for one call or, if the names do not fit into one line,
 * for several. The access rules must be in one call, because a later one overrides an earlier one.
 */
function splitRequests(access: readonly string[], rules: readonly LinkRule[]): string[][] {
  const calls: string[][] = [[...access]];
  let room = MAX_OPTION_BYTES - access.join(' ').length;
  rules.forEach(({ match, template, priority }, index) => {
    const text = `${formatMatch(match)}${formatRequest(template.map(sanitizeTemplatePart))}`;
    const option = `--link '${index + 1}${priority === 0 ? '' : `:${priority}`}=${escapeUdev(text)}'`;
    // Other characters than those of ASCII occur in fixed text only.
    const size = option.length * (/^[\u0000-\u007f]*$/.test(option) ? 1 : 3) + 1;
    if (size > room && calls.at(-1)?.length) {
      calls.push([]);
      room = MAX_OPTION_BYTES;
    }
    room -= size;
    calls.at(-1)?.push(option);
  });
  return calls;
}
