/** Reads which devices the rules for drivers want, how they stand, and who bound the devices that have VFIO drivers. */
import { isBuiltInDriver } from '../bind/apply.ts';
import { findWantedDevices } from '../bind/devices.ts';
import { readDriverAliases } from '../bind/driver-alias.ts';
import { findBindEffects } from '../bind/effects.ts';
import { bindExplainer } from '../bind/explain.ts';
import type { HostUse } from '../bind/host-use.ts';
import { type BoundBy, readBindOrigin } from '../bind/origin.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined, VfioNamesError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { bindRulesFileName, checkBindRules, findRules, type RulesStatus } from '../udev/installed-rules.ts';
import { renderBindRules } from '../udev/render.ts';
import { earlyBootFiles } from '../udev/syntax.ts';

/** A device that does not have the driver that the policy says; not escaped. */
export interface MissingDriver {
  readonly message: string;
  readonly remedy?: string;
}

export interface DriverReport {
  /** Whether the policy has rules for drivers. */
  readonly hasRules: boolean;
  readonly missing: readonly MissingDriver[];
  /** Devices that the rules take at the next boot although the host uses them. */
  readonly used: readonly { readonly name: string; readonly uses: readonly HostUse[] }[];
  /** The number of devices with VFIO drivers by who bound them. */
  readonly counts: ReadonlyMap<BoundBy, number>;
  /** Whether this is the shell of an image for early boot. */
  readonly isEarlyBoot?: boolean;
  /** The state of the file of rules, if it is not as the policy says. */
  readonly rules?: RulesStatus;
}

function exists(files: Files, root: Root, path: string): boolean {
  return tryOrUndefined(() => files.lstat(pathBelow(root, path))) !== undefined;
}

/** Reads the report; `policy` is absent if it has an error. */
export function readDrivers(
  files: Files,
  root: Root,
  devices: readonly Device[],
  policy: Policy | undefined,
): DriverReport {
  const bindRules = policy?.bindRules ?? [];
  const aliases = readDriverAliases(files, root, { bindRules });
  const wanted = findWantedDevices(files, root, { bindRules }, aliases);
  const bySyspath = new Map(wanted.map((device) => [device.syspath, device]));
  const counts = new Map<BoundBy, number>();
  for (const device of devices) {
    const { boundBy } = readBindOrigin(files, root, device, bySyspath.get(device.syspath));
    counts.set(boundBy, (counts.get(boundBy) ?? 0) + 1);
  }
  const rules = policy && readRulesState(files, root, policy, aliases);
  // Each device has one line. A driver that is built into the kernel keeps the device at the next boot, too.
  const used = findBindEffects(files, root, { bindRules }, aliases).filter(
    ({ device: { bus, driver }, uses }) =>
      uses.length > 0 && !(driver !== undefined && isBuiltInDriver(files, root, bus, driver)),
  );
  const taken = new Set(used.map(({ device }) => device.syspath));
  return {
    hasRules: bindRules.length > 0,
    missing: wanted
      .filter(({ state, syspath }) => state !== 'bound' && state !== 'bridge' && !taken.has(syspath))
      .map(bindExplainer(files, root)),
    used: used.map(({ device: { name }, uses }) => ({ name, uses })),
    counts,
    ...(rules && !rules.upToDate && { rules }),
    ...(earlyBootFiles.some((path) => exists(files, root, path)) && { isEarlyBoot: true }),
  };
}

function readRulesState(
  files: Files,
  root: Root,
  policy: Policy,
  aliases: ReturnType<typeof readDriverAliases>,
): RulesStatus | undefined {
  try {
    return checkBindRules(findRules(files, root, bindRulesFileName), renderBindRules(policy, aliases));
  } catch (error) {
    // A policy that rules cannot express, which config check and rules check report.
    if (!(error instanceof VfioNamesError)) throw error;
    return undefined;
  }
}
