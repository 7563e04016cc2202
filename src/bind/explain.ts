/** Says in one line how a device that a rule wants stands, and what to do. */
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root-path.ts';
import { isBuiltInDriver } from './apply.ts';
import type { BindState, WantedDevice } from './devices.ts';
import { describeUses } from './effects.ts';
import { type HostState, type HostUse, hostUses, readHostState } from './host-use.ts';

/** The text of a state; `remedy` is absent if there is nothing to do. */
export interface BindExplanation {
  readonly message: string;
  readonly remedy?: string;
}

/** Whether the rules may still give the device its driver without taking it from another one. */
export function isPending(state: BindState): boolean {
  return state === 'unbound' || state === 'overridden';
}

/** Returns a function that explains the state of a device; what the host does is read once, and only if a device is held. */
export function bindExplainer(files: Files, root: Root): (device: WantedDevice) => BindExplanation {
  let host: HostState | undefined;
  return (device) => {
    const { bus, driver, state, syspath } = device;
    if (state !== 'held' || driver === undefined) return explainBind(device, false, []);
    host ??= readHostState(files, root);
    return explainBind(
      device,
      isBuiltInDriver(files, root, bus, driver),
      hostUses(files, root, host, syspath),
    );
  };
}

/**
 * Explains a state. `isBuiltIn`: the driver that holds the device is a part of the kernel, not a module. A device that the host
 * uses gets no advice that takes it from its driver.
 */
export function explainBind(
  { name, bus, driver, override, wantedDriver, state }: WantedDevice,
  isBuiltIn: boolean,
  uses: readonly HostUse[],
): BindExplanation {
  const byHand = `driverctl ${bus === 'pci' ? '' : `--bus ${bus} `}set-override ${name} ${wantedDriver} takes it now`;
  switch (state) {
    case 'bound':
      return { message: `${name} has ${wantedDriver}` };
    case 'unbound':
    case 'overridden':
      return {
        message: `${name} has no driver, and should have ${wantedDriver}`,
        remedy: 'vfio-names bind gives it to the driver',
      };
    case 'held': {
      const first = isBuiltIn ? ', which is built into the kernel and so is always first' : '';
      const message = `${name} should have ${wantedDriver}, but ${driver} has it${first}`;
      if (uses.length > 0)
        return {
          message: `${message}; ${describeUses(uses)}`,
          remedy:
            'exclude it from the match of [[bind]], if the host needs it, and run vfio-names rules install',
        };
      return {
        message,
        remedy: isBuiltIn ? byHand : `reboot, so that it gets its driver first; or ${byHand}`,
      };
    }
    case 'other-override':
      return {
        message: `${name} should have ${wantedDriver}, but its driver_override is ${override}, which somebody else set`,
        remedy: 'clear it if that is not wanted: echo > driver_override in the directory of the device',
      };
    case 'driverctl':
      return {
        message: `${name} should have ${wantedDriver}, but driverctl decides for it (/etc/driverctl.d/${bus}-${name})`,
        remedy: `driverctl unset-override ${name}, or remove the rule`,
      };
    case 'bridge':
      return { message: `${name} is a bridge, which the rules for drivers leave alone` };
    case 'no-override':
      return { message: `${name} has no driver_override, so it cannot get ${wantedDriver}` };
  }
}
