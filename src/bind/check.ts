/** Compares the rules for drivers with this machine: its devices, its drivers, and what the host does with them. */
import { blockingSiblings, isVfioDriverName, readSiblings } from '../devices/iommu-group.ts';
import { tryOrUndefined } from '../errors.ts';
import type { Diagnostic } from '../policy/diagnostics.ts';
import type { Policy } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { printable } from '../text/printable.ts';
import { hasDriver } from './apply.ts';
import { findWantedDevices, type WantedDevice } from './devices.ts';
import type { DriverAlias } from './driver-alias.ts';
import { type BindEffect, describeEffect, findBindEffects } from './effects.ts';

/** The findings about the rules. */
interface BindCheck {
  readonly warnings: readonly Diagnostic[];
  readonly notes: readonly Diagnostic[];
}

/** Returns the warnings and notes about the rules on this machine, none for a policy without such rules. */
export function checkBindPolicy(
  files: Files,
  root: Root,
  policy: Pick<Policy, 'bindRules'>,
  aliases: readonly DriverAlias[],
): BindCheck {
  if (policy.bindRules.length === 0) return { warnings: [], notes: [] };
  const devices = findWantedDevices(files, root, policy, aliases);
  const effects = findBindEffects(files, root, policy, aliases);
  const effect = (found: BindEffect): Diagnostic => ({
    source: found.source,
    key: 'bind',
    message: printable(describeEffect(found)),
  });
  return {
    warnings: [
      ...driverWarnings(files, root, policy),
      ...unfitWarnings(files, root, policy, devices),
      ...devices.flatMap(conflictWarnings),
      ...effects.filter(({ uses }) => uses.length > 0).map(effect),
      ...groupWarnings(files, root, devices),
    ],
    notes: effects.filter(({ uses }) => uses.length === 0).map(effect),
  };
}

/** Rules that fit no device. A tree without devices, such as an image, says nothing about the machine. */
function unfitWarnings(
  files: Files,
  root: Root,
  { bindRules }: Pick<Policy, 'bindRules'>,
  devices: readonly WantedDevice[],
): Diagnostic[] {
  const fitting = new Set(devices.flatMap(({ rule, overridden }) => [rule, ...overridden]));
  return bindRules
    .filter((rule) => !fitting.has(rule))
    .filter(
      ({ bus }) => tryOrUndefined(() => files.readdir(pathBelow(root, `/sys/bus/${bus}/devices`)))?.length,
    )
    .map(({ source }) => ({ source, key: 'bind', message: 'fits no device here' }));
}

/** A device for which several rules name different drivers. */
function conflictWarnings({ name, rule, overridden, wantedDriver }: WantedDevice): Diagnostic[] {
  const other = overridden.find(({ driver }) => driver !== rule.driver);
  if (other === undefined) return [];
  const { file, line } = rule.source;
  return [
    {
      source: other.source,
      key: 'bind.driver',
      message: printable(
        `gives ${name} the driver ${other.driver}, but ${file}:${line} comes later and gives it ${wantedDriver}`,
      ),
      hint: 'the later one decides; exclude the device from one of them',
    },
  ];
}

/** Devices whose IOMMU group VFIO cannot use, because a driver of the host keeps another device of the group. */
function groupWarnings(files: Files, root: Root, devices: readonly WantedDevice[]): Diagnostic[] {
  const taken = new Set(
    devices.filter(({ state }) => state !== 'bridge').map(({ bus, name }) => `${bus}/${name}`),
  );
  return devices.flatMap((device): Diagnostic[] => {
    if (device.state === 'bridge') return [];
    const others = blockingSiblings(readSiblings(files, root, { ...device, sysname: '' })).filter(
      ({ bus, name }) => !taken.has(`${bus}/${name}`),
    );
    const [first] = others;
    if (!first) return [];
    const more = others.length > 1 ? ` and ${others.length - 1} more` : '';
    return [
      {
        source: device.rule.source,
        key: 'bind',
        message: printable(
          `${device.name} cannot be used alone: ${first.name} (${first.driver ?? '?'})${more} of its IOMMU group is left to the host`,
        ),
        hint: 'match the whole group',
      },
    ];
  });
}

function driverWarnings(files: Files, root: Root, { bindRules }: Pick<Policy, 'bindRules'>): Diagnostic[] {
  const lists = readModuleLists(files, root);
  return bindRules.flatMap(({ bus, driver, source }) => {
    if (driver === 'auto') return [];
    const warning = (message: string, hint: string): Diagnostic => ({
      source,
      key: 'bind.driver',
      message,
      hint,
    });
    if (!isVfioDriverName(driver))
      return [warning(`${driver} is not a VFIO driver`, 'the default is the VFIO driver of the bus')];
    if (hasDriver(files, root, bus, driver) || lists === undefined || hasModule(lists, driver)) return [];
    return [
      warning(`this kernel has no driver ${driver}`, 'a device with it has no driver after the next boot'),
    ];
  });
}

/** In bytes; the lists of a distribution have 1 MB or less. */
const MAX_LIST_SIZE = 64 << 20;

/** The lists of the kernel's modules; `undefined` if one of them cannot be read. */
function readModuleLists(files: Files, root: Root): string | undefined {
  const read = (path: string) => tryOrUndefined(() => files.read(pathBelow(root, path), MAX_LIST_SIZE));
  const release = read('/proc/sys/kernel/osrelease')?.trim();
  if (release === undefined || !/^[\w+~-][\w.+~-]*$/.test(release)) return undefined;
  const lists = ['modules.builtin', 'modules.dep'].map((list) => read(`/lib/modules/${release}/${list}`));
  return lists.includes(undefined) ? undefined : lists.join('\n');
}

/** modules.dep has the file before a colon, modules.builtin at the end of a line; `-` and `_` are the same in a module's name. */
function hasModule(lists: string, driver: string): boolean {
  const name = driver.replace(/[-_]/g, '[-_]');
  return new RegExp(`(?:^|/)${name}\\.ko(?:\\.\\w+)?(?::|$)`, 'm').test(lists);
}
