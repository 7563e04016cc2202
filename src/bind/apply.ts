/**
 * Gives devices without a driver the driver that the policy wants. First every override is set, so that a module that is loaded
 * for one device cannot take another one; then the drivers are loaded, and last the kernel looks for a driver of each device.
 */
import { errnoOf, explainErrno, tryOrUndefined, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { RunProgram } from '../system/programs.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { readDriverState, type WantedDevice, type WantedPf } from './devices.ts';

/** The result for one device. */
export interface BindResult {
  readonly device: WantedDevice;
  /** What failed: one line; absent if the device has its driver, or was left alone. */
  readonly problem?: string;
  /** The errno of a failed write. */
  readonly errno?: string;
  /** Whether this run gave the device its driver. */
  readonly changed: boolean;
}

/** What a run did. */
export interface BindReport {
  readonly results: readonly BindResult[];
  /** The PFs of which no driver of the host gets a VF from now on, and those for which that failed. */
  readonly pfs: readonly { readonly pf: WantedPf; readonly errno?: string }[];
  /** The drivers that could not be loaded, one line each. */
  readonly problems: readonly string[];
}

/** `undefined` where no module can be loaded: in a tree that is not the root of this process. */
export type LoadDriver = ((driver: string) => void) | undefined;

/**
 * Loads the module of a driver, which modprobe(8) finds by the name of the driver. With -b, a module that the administrator has
 * blacklisted stays away, as in the rules of udev, whose builtin kmod applies `blacklist` of modprobe.d and modprobe.blacklist=
 * of the kernel (module_load_and_warn in systemd's src/shared/module-util.c).
 */
export function modprobe(run: RunProgram): LoadDriver {
  return (driver) => run('modprobe', ['-b', '--', driver]);
}

/** Carries out the plan: the devices in the states `unbound` and `overridden`, and the PFs. */
export function applyBind(
  files: Files,
  root: Root,
  devices: readonly WantedDevice[],
  pfs: readonly WantedPf[],
  load: LoadDriver,
): BindReport {
  const write = (path: string, text: string): string | undefined => {
    try {
      files.writeAttribute(pathBelow(root, path), text);
      return undefined;
    } catch (error) {
      return errnoOf(error) ?? rethrow(error);
    }
  };
  const donePfs = pfs.map((pf) => {
    const errno = write(`${pf.syspath}/sriov_drivers_autoprobe`, '0');
    return { pf, ...(errno !== undefined && { errno }) };
  });
  const prepared = devices.map((device) => ({ device, ...prepare(files, root, device, write) }));
  const ready = prepared.filter(({ isReady }) => isReady).map(({ device }) => device);
  const problems = loadDrivers(files, root, ready, load);
  const results = prepared.map(({ device, isReady, ...failure }): BindResult => {
    if (!isReady) return { device, changed: false, ...failure };
    const errno = write(`/sys/bus/${device.bus}/drivers_probe`, device.name);
    const { driver } = readDriverState(files, root, device);
    if (driver === device.wantedDriver) return { device, changed: true };
    const problem =
      driver === undefined
        ? `${device.wantedDriver} did not take it${errno === undefined ? '' : ` (${errno})`}`
        : `${driver} took it meanwhile`;
    return { device, changed: false, problem, ...(errno !== undefined && { errno }) };
  });
  return { results, pfs: donePfs, problems };
}

function rethrow(error: unknown): never {
  throw error;
}

/** Whether the override of the device is the wanted one, and no driver has the device. */
function prepare(
  files: Files,
  root: Root,
  device: WantedDevice,
  write: (path: string, text: string) => string | undefined,
): { readonly isReady: boolean; readonly problem?: string; readonly errno?: string } {
  if (device.state === 'overridden') return { isReady: true };
  if (device.state !== 'unbound') return { isReady: false };
  const path = `${device.syspath}/driver_override`;
  const errno = write(path, checkedDriver(device.wantedDriver));
  if (errno !== undefined)
    return { isReady: false, problem: `could not set its driver_override: ${explainErrno(errno)}`, errno };
  const now = readDriverState(files, root, device);
  if (now.driver !== undefined && now.driver !== device.wantedDriver) {
    // A driver was faster. The override would take the device from it at the next unbind.
    write(path, '\n');
    return { isReady: false, problem: `${now.driver} took it meanwhile` };
  }
  if (now.override === device.wantedDriver) return { isReady: true };
  return { isReady: false, problem: 'the kernel did not keep its driver_override' };
}

/** The name of a driver, of which the policy has already checked the characters: one line for the kernel. */
function checkedDriver(driver: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(driver)) return driver;
  throw new VfioNamesError('policy', 2, `expected the name of a driver, found ${JSON.stringify(driver)}`);
}

/** Loads the drivers that the kernel does not have yet. */
function loadDrivers(files: Files, root: Root, devices: readonly WantedDevice[], load: LoadDriver): string[] {
  const wanted = new Map(
    devices.map(({ bus, wantedDriver }) => [`${bus}/${wantedDriver}`, { bus, wantedDriver }]),
  );
  return [...wanted.values()].flatMap(({ bus, wantedDriver }) => {
    if (hasDriver(files, root, bus, wantedDriver)) return [];
    if (load === undefined)
      return [`the kernel has no driver ${wantedDriver}, and no module can be loaded from here`];
    try {
      load(wantedDriver);
    } catch (error) {
      const reason = errnoOf(error) ?? `status ${(error as { status?: unknown }).status ?? 'unknown'}`;
      return [`modprobe ${wantedDriver} failed: ${reason}`];
    }
    return hasDriver(files, root, bus, wantedDriver)
      ? []
      : [
          `modprobe ${wantedDriver} brought no driver of this name; look for it in modprobe.d and on the command line of the kernel: it may be blacklisted`,
        ];
  });
}

/** Whether the kernel has the driver now. */
export function hasDriver(files: Files, root: Root, bus: string, driver: string): boolean {
  try {
    return files.stat(pathBelow(root, `/sys/bus/${bus}/drivers/${driver}`)).kind === 'directory';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Whether the driver is a part of the kernel: only loaded modules have `initstate` (kernel/module/sysfs.c). */
export function isBuiltInDriver(files: Files, root: Root, bus: string, driver: string): boolean {
  const path = `/sys/bus/${bus}/drivers/${driver}/module/initstate`;
  return tryOrUndefined(() => files.stat(pathBelow(root, path))) === undefined;
}
