/** Says in one line how a device that a rule wants stands, and what to do. */
import type { BindState, WantedDevice } from './devices.ts';

/** The text of a state; `remedy` is absent if there is nothing to do. */
export interface BindExplanation {
  readonly message: string;
  readonly remedy?: string;
}

/** Whether the rules may still give the device its driver without taking it from another one. */
export function isPending(state: BindState): boolean {
  return state === 'unbound' || state === 'overridden';
}

/** Explains a state. `isBuiltIn`: the driver that holds the device is a part of the kernel, not a module. */
export function explainBind(
  { name, bus, driver, override, wantedDriver, state }: WantedDevice,
  isBuiltIn: boolean,
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
    case 'held':
      return isBuiltIn
        ? {
            message: `${name} should have ${wantedDriver}, but ${driver} has it, which is built into the kernel and so is always first`,
            remedy: byHand,
          }
        : {
            message: `${name} should have ${wantedDriver}, but ${driver} has it`,
            remedy: `reboot, so that it gets its driver first; or ${byHand}`,
          };
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
