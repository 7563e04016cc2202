/**
 * Checks whether the bound devices are usable: devices exist, their groups are viable, no process blocks
 * them.
 */

import { blockingSiblings } from '../devices/iommu-group.ts';
import { classlessHint, describeClassless, type HostDevice } from '../devices/not-bound.ts';
import { holderName } from '../holders/format.ts';
import { printable } from '../text/printable.ts';
import { plural } from '../text/prose.ts';
import { type CheckResult, error, ok, warning } from './result.ts';
import type { Snapshot } from './snapshot.ts';

/** Reports how many devices are bound to VFIO drivers, and every problem of the scan. */
export function checkDevices({ devices, classless, problems }: Snapshot): CheckResult[] {
  const lines = problems.map(({ file, message }) =>
    warning(
      'devices',
      `${printable(file)}: ${message}`,
      'run it again; if this stays, look at that directory',
    ),
  );
  if (devices.length > 0) {
    const noIommuCount = devices.filter(({ noIommu }) => noIommu).length;
    const count = `${devices.length} bound to VFIO drivers`;
    if (noIommuCount === 0) return [ok('devices', count), ...lines];
    return [
      warning(
        'devices',
        `${count}, ${noIommuCount} of them without an IOMMU: those have no isolation, and only programs with CAP_SYS_RAWIO can open them`,
        'enable the IOMMU; without one, give such a device only to programs that may read all memory',
      ),
      ...lines,
    ];
  }
  if (classless.length > 0) return [...classlessLines(classless), ...lines];
  const remedy =
    'bind one that the host does not use, by a [[bind]] rule of the policy and a reboot, or by hand on PCI, with its address (lspci -D) for ADDRESS:';
  const none = warning('devices', 'no device is bound to a VFIO driver', remedy);
  return [{ ...none, commands: bindCommands }, ...lines];
}

/** The word ADDRESS is not the name of a device, so the commands do nothing if they are copied as they are. */
const bindCommands: readonly string[] = [
  'echo vfio-pci > /sys/bus/pci/devices/ADDRESS/driver_override',
  'echo ADDRESS > /sys/bus/pci/devices/ADDRESS/driver/unbind',
  'echo ADDRESS > /sys/bus/pci/drivers_probe',
];

function classlessLines(devices: readonly HostDevice[]): CheckResult[] {
  const unreachable = devices.filter(({ groupNode }) => groupNode === undefined);
  if (unreachable.length > 0)
    return unreachable
      .slice(0, 3)
      .map((device) => error('devices', describeClassless(device), classlessHint));
  const nodes = [...new Set(devices.flatMap(({ groupNode }) => groupNode ?? []))];
  const more = nodes.length > 3 ? ` and ${nodes.length - 3} more` : '';
  return [
    ok(
      'devices',
      printable(
        `${devices.length} bound to VFIO drivers, reached through ${nodes.slice(0, 3).join(', ')}${more} (Linux before 6.1)`,
      ),
    ),
  ];
}

/** Reports every group that is not viable because a device is bound to a host driver. */
export function checkGroups({ devices, classless }: Snapshot): CheckResult[] {
  const members = [
    ...devices.map(({ device, group, siblings }) => ({ name: device.name, group, siblings })),
    ...classless,
  ];
  if (members.length === 0) return [];
  const reported = new Set<string>();
  const lines: CheckResult[] = [];
  for (const { name, group, siblings } of members) {
    const blocking = blockingSiblings(siblings);
    if (group === undefined || blocking.length === 0 || reported.has(group)) continue;
    reported.add(group);
    const names = blocking
      .map((sibling) => `${printable(sibling.name)} (${printable(sibling.driver ?? '')})`)
      .join(', ');
    const single = blocking.length === 1;
    lines.push(
      error(
        'groups',
        `IOMMU group ${printable(group)} is not viable: ${printable(name)} is bound to VFIO, but its ${single ? 'sibling' : 'siblings'} ${names} to ${single ? 'a driver' : 'drivers'} of the host`,
        `bind ${single ? 'it' : 'them'} to vfio-pci, too, or to no driver`,
      ),
    );
  }
  return lines.length > 0 ? lines : [ok('groups', 'every IOMMU group of these devices can be used')];
}

/**
 * Reports devices that are open through their group: the kernel rejects opening the device node meanwhile.
 */
export function checkHolders({ devices, incomplete }: Snapshot): CheckResult[] {
  if (devices.length === 0) return [];
  const lines: CheckResult[] = [];
  for (const { device, holders } of devices) {
    const byGroup = holders.filter((holder) => holder.interface !== 'cdev');
    if (device.devnum === undefined || byGroup.length === 0) continue;
    const names = [...new Set(byGroup.map(holderName))].join(', ');
    lines.push(
      warning(
        'holders',
        `${printable(device.name)} is open through its group, by ${names}: its own node cannot be used meanwhile`,
        'end that process, or let it use the node of the device',
      ),
    );
  }
  if (lines.length > 0) return lines;
  const open = devices.filter(({ holders }) => holders.length > 0).length;
  const blind = incomplete[0]?.message;
  if (blind !== undefined) return [ok('holders', `${open} open as far as can be seen: ${blind}`)];
  return [ok('holders', open === 0 ? 'no device is open' : `${plural(open, 'device')} open`)];
}

/**
 * In bytes; with a lower limit, the memory of a useful virtual machine cannot be pinned. The usual default is
 * 8 MiB.
 */
const MIN_MEMLOCK = 1 << 30;

/**
 * Checks the limit of locked memory. Memory that a device may access is pinned: all memory of a virtual
 * machine. The limit applies to both interfaces.
 */
export function checkMemoryLock({ memoryLock, devices }: Snapshot): CheckResult[] {
  if (!memoryLock) return [];
  const { softLimit, exempt } = memoryLock;
  if (softLimit === Number.POSITIVE_INFINITY) return [ok('memlock', 'locked memory is unlimited')];
  const limit = `at most ${Math.floor(softLimit / 1048576)} MiB can be locked`;
  if (exempt) return [ok('memlock', `${limit} by others, this user is exempt (CAP_IPC_LOCK)`)];
  if (softLimit >= MIN_MEMLOCK || devices.length === 0)
    return [ok('memlock', `${limit} by programs started from here`)];
  return [
    warning(
      'memlock',
      `${limit} by programs started from here, too little for a virtual machine with a device`,
      'raise it: LimitMEMLOCK= of a systemd unit, or memlock in /etc/security/limits.conf',
    ),
  ];
}
