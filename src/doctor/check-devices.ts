/** Whether the devices that are bound can be used: there are some, their groups are viable, nobody blocks them. Pure. */
import { holderName } from '../holders/describe.ts';
import { blockingSiblings } from '../holders/siblings.ts';
import { printable } from '../text/printable.ts';
import { fault, type Line, ok, warning } from './line.ts';
import type { Snapshot } from './snapshot.ts';

export function checkDevices({ devices, problems }: Snapshot): Line[] {
  const lines = problems.map(({ path, message }) =>
    warning('devices', `${printable(path)}: ${message}`, 'run it again; if it stays, look at that directory'),
  );
  if (devices.length > 0) {
    const without = devices.filter(({ noIommu }) => noIommu).length;
    const noIommu = without > 0 ? `, ${without} of them without an IOMMU: those get no names` : '';
    return [ok('devices', `${devices.length} bound to VFIO drivers${noIommu}`), ...lines];
  }
  const remedy =
    'bind one, PCI for instance: D=/sys/bus/pci/devices/ADDRESS; echo vfio-pci > $D/driver_override; echo ADDRESS > $D/driver/unbind; echo ADDRESS > /sys/bus/pci/drivers_probe';
  return [warning('devices', 'no device is bound to a VFIO driver', remedy), ...lines];
}

/** One line for each group that a driver of the host keeps from being used. */
export function checkGroups({ devices }: Snapshot): Line[] {
  if (devices.length === 0) return [];
  const told = new Set<string>();
  const lines: Line[] = [];
  for (const { device, group, siblings } of devices) {
    const blocking = blockingSiblings(siblings);
    if (group === undefined || blocking.length === 0 || told.has(group)) continue;
    told.add(group);
    const names = blocking.map((one) => `${printable(one.name)} (${printable(one.driver ?? '')})`).join(', ');
    const one = blocking.length === 1;
    lines.push(
      fault(
        'groups',
        `IOMMU group ${printable(group)} is not viable: ${printable(device.name)} is bound to VFIO, but its ${one ? 'sibling' : 'siblings'} ${names} to ${one ? 'a driver' : 'drivers'} of the host`,
        `bind ${one ? 'it' : 'them'} to vfio-pci, too, or to no driver`,
      ),
    );
  }
  return lines.length > 0 ? lines : [ok('groups', 'every IOMMU group of these devices can be used')];
}

/** A device is open through one interface at a time; who uses the group keeps everybody from the device's own node. */
export function checkHolders({ devices, unseen }: Snapshot): Line[] {
  if (devices.length === 0) return [];
  const lines: Line[] = [];
  for (const { device, holders } of devices) {
    const byGroup = holders.filter((holder) => holder.interface !== 'cdev');
    if (device.devnum === undefined || byGroup.length === 0) continue;
    const names = [...new Set(byGroup.map(holderName))].join(', ');
    lines.push(
      warning(
        'holders',
        `${printable(device.name)} is open through its group, by ${names}: its own node can't be used meanwhile`,
        'end that process, or have it use the node of the device',
      ),
    );
  }
  if (lines.length > 0) return lines;
  const open = devices.filter(({ holders }) => holders.length > 0).length;
  const blind = unseen[0]?.message;
  if (blind !== undefined) return [ok('holders', `${open} open as far as can be seen: ${blind}`)];
  return [
    ok('holders', open === 0 ? 'no device is open' : `${open} open, none through its group against its node`),
  ];
}

/** Below this a virtual machine of any use can't be pinned; the usual default is 8 MiB. */
const enough = 1 << 30;

/** What a device may reach must stay in memory: all of a virtual machine. The limit counts for both interfaces. */
export function checkMemoryLock({ memoryLock, devices }: Snapshot): Line[] {
  if (!memoryLock) return [];
  const { soft, exempt } = memoryLock;
  if (soft === Number.POSITIVE_INFINITY) return [ok('memlock', 'locked memory is unlimited')];
  const limit = `at most ${Math.floor(soft / 1048576)} MiB can be locked`;
  if (exempt) return [ok('memlock', `${limit} by others, this user is exempt (CAP_IPC_LOCK)`)];
  if (soft >= enough || devices.length === 0)
    return [ok('memlock', `${limit} by programs started from here`)];
  return [
    warning(
      'memlock',
      `${limit} by programs started from here, too little for a virtual machine with a device`,
      'raise it: LimitMEMLOCK= of a systemd unit, or memlock in /etc/security/limits.conf',
    ),
  ];
}
