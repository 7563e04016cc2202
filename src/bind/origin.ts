/** Who gave a device the VFIO driver that it has: the policy, driverctl, a parameter of vfio-pci, or somebody by hand. */
import { readFact } from '../devices/facts.ts';
import type { Device } from '../devices/types.ts';
import { tryOrUndefined } from '../errors.ts';
import type { SourceLocation } from '../policy/policy.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { readDriverState, type WantedDevice } from './devices.ts';

/** `kernel-parameter`: vfio-pci.ids= on the kernel's command line. `modprobe`: the same in a file of modprobe.d. */
export type BoundBy = 'policy' | 'driverctl' | 'kernel-parameter' | 'modprobe' | 'other';

export interface BindOrigin {
  readonly boundBy: BoundBy;
  /** One line, not escaped. */
  readonly text: string;
}

/** Finds out who bound a device; `wanted` is what the policy wants for it, if anything. */
export function readBindOrigin(
  files: Files,
  root: Root,
  device: Device,
  wanted: Pick<WantedDevice, 'state' | 'rule'> | undefined,
): BindOrigin {
  const { override, isOfDriverctl } = readDriverState(files, root, device);
  if (isOfDriverctl)
    return { boundBy: 'driverctl', text: `driverctl, /etc/driverctl.d/${device.bus}-${device.name}` };
  if (wanted?.state === 'bound' && override !== undefined && override !== '')
    return { boundBy: 'policy', text: `[[bind]] at ${place(wanted.rule.source)}` };
  if (override !== undefined && override !== '')
    return { boundBy: 'other', text: 'driver_override, set by hand or by a program such as libvirt' };
  const ids = device.bus === 'pci' ? findIds(files, root, device) : undefined;
  return ids ?? { boundBy: 'other', text: 'hand or a program such as libvirt' };
}

function place({ file, line }: SourceLocation): string {
  return `${file}:${line}`;
}

/** Where the ids of the device are a parameter of vfio-pci. */
function findIds(files: Files, root: Root, device: Device): BindOrigin | undefined {
  const vendor = readFact(files, root, device, 'vendor');
  const id = readFact(files, root, device, 'device');
  if (vendor === undefined || id === undefined) return undefined;
  const has = (list: string): boolean => listHasIds(list, vendor, id);
  const cmdline = tryOrUndefined(() => files.read(pathBelow(root, '/proc/cmdline'))) ?? '';
  if (commandLineIds(cmdline).some(has))
    return { boundBy: 'kernel-parameter', text: "vfio-pci.ids= on the kernel's command line" };
  for (const directory of ['/etc/modprobe.d', '/run/modprobe.d', '/usr/lib/modprobe.d', '/lib/modprobe.d'])
    for (const name of (tryOrUndefined(() => files.readdir(pathBelow(root, directory))) ?? []).sort()) {
      const path = `${directory}/${name}`;
      const text = name.endsWith('.conf')
        ? tryOrUndefined(() => files.read(pathBelow(root, path)))
        : undefined;
      if (text !== undefined && modprobeIds(text).some(has))
        return { boundBy: 'modprobe', text: `the option ids of vfio-pci in ${path}` };
    }
  return undefined;
}

/** Returns the values of vfio-pci.ids= in /proc/cmdline; `-` and `_` are the same in the name of a module. */
export function commandLineIds(text: string): string[] {
  return text
    .split(/\s+/)
    .flatMap((word) => /^"?vfio[-_]pci\.ids=(.*?)"?$/.exec(word)?.[1]?.replace(/"/g, '') ?? []);
}

/** Returns the values of `options vfio-pci ids=` in a file of modprobe.d (modprobe.d(5)). */
export function modprobeIds(text: string): string[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^\s*options\s+vfio[-_]pci\s/.test(line))
    .flatMap((line) => /\sids=(\S*)/.exec(line)?.[1]?.replace(/"/g, '') ?? []);
}

/**
 * Whether `10de:2204,1002:ffffffff` has the ids: vendor and device, which the kernel compares; the rest of an entry narrows it
 * (vfio_pci_fill_ids in drivers/vfio/pci/vfio_pci.c). PCI_ANY_ID is ffffffff.
 */
export function listHasIds(list: string, vendor: string, device: string): boolean {
  return list.split(',').some((entry) => {
    const [first = '', second = ''] = entry.split(':').map((part) => part.toLowerCase().replace(/^0x/, ''));
    return isId(first, vendor) && isId(second, device);
  });
}

function isId(text: string, id: string): boolean {
  return /^[0-9a-f]{1,8}$/.test(text) && (text === 'ffffffff' || Number.parseInt(text, 16) === Number(id));
}
