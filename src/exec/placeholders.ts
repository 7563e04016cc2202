/** Replaces placeholders in the arguments of a command with descriptor numbers. No shell: an argument is never split. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';

/** A device that CMD has open. */
export interface PassedDevice {
  /** The descriptor's number in CMD. */
  readonly fd: number;
  /** Names the device in VFIO_NAMES_FDS: `pci/0000:01:00.0`. */
  readonly label: string;
  /** Every NAME that selects it in `{fd:NAME}`: the NAME from the command line and the device's own names. */
  readonly names: readonly string[];
}

/**
 * Replaces `{fd}` (allowed with one device only), `{fd:NAME}` and `{iommufd}` in the arguments with descriptor numbers. Other
 * braces stay, since JSON contains them. Throws VfioNamesError `usage` (status 2) for a placeholder without a descriptor.
 */
export function substituteFds(
  args: readonly string[],
  devices: readonly PassedDevice[],
  iommufd: number | undefined,
): string[] {
  return args.map((arg) =>
    arg.replace(/\{(?:fd(?::([^{}]*))?|iommufd)\}/g, (placeholder, name: string | undefined) =>
      String(placeholder === '{iommufd}' ? iommuNumber(iommufd) : deviceNumber(devices, name)),
    ),
  );
}

function iommuNumber(iommufd: number | undefined): number {
  if (iommufd !== undefined) return iommufd;
  throw usage('expected --iommu with {iommufd}, found no --iommu', 'add it');
}

function deviceNumber(devices: readonly PassedDevice[], name: string | undefined): number {
  if (name === undefined) {
    const [only, ...others] = devices;
    if (only && others.length === 0) return only.fd;
    throw usage(`expected one NAME with {fd}, found ${devices.length}`, 'write {fd:NAME}');
  }
  const [found, ...others] = devices.filter(({ names }) => names.includes(name));
  if (found && others.length > 0)
    throw usage(
      `{fd:${printable(name)}} fits ${others.length + 1} devices: ${[found, ...others].map(({ label }) => printable(label)).join(', ')}`,
      'name one of them',
    );
  if (found) return found.fd;
  const known = devices.flatMap(({ names }) => names);
  throw usage(
    `expected {fd:NAME} with a NAME from before --, found ${printable(name)}`,
    `give it as ${known.map(printable).join(' or ')}`,
  );
}

/** Returns the value of VFIO_NAMES_FDS: `pci/0000:01:00.0=3 iommu=4`, separated by spaces, in the order of the numbers. */
export function fdsVariable(devices: readonly PassedDevice[], iommufd: number | undefined): string {
  const parts = devices.map(({ label, fd }) => `${label}=${fd}`);
  return [...parts, ...(iommufd === undefined ? [] : [`iommu=${iommufd}`])].join(' ');
}

function usage(message: string, hint: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, message, { hint });
}
