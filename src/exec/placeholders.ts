/** Replaces placeholders in the arguments of a command with descriptor numbers. No shell: an argument is never split. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { printable } from '../text/printable.ts';

/** A device that CMD has open, or whose group it has open. */
export interface PassedDevice {
  /** The descriptor's number in CMD; devices of one group have the same. */
  readonly fd: number;
  /** Names the device in VFIO_NAMES_FDS: `pci/0000:01:00.0`, or `groups/pci/0000:01:00.0` for its group. */
  readonly label: string;
  /** Every NAME that selects it in `{fd:NAME}`: the NAME from the command line and the device's own names. */
  readonly names: readonly string[];
}

/** What CMD has open. */
export interface PassedFds {
  /** What the descriptors of devices are: those of their nodes (`fd`), or of the nodes of their groups (`groupfd`). */
  readonly kind: 'fd' | 'groupfd';
  readonly devices: readonly PassedDevice[];
  readonly iommufd?: number;
  readonly containerfd?: number;
}

const placeholders = /\{(?:(fd|groupfd)(?::([^{}]*))?|iommufd|containerfd)\}/g;

/**
 * Replaces `{fd}` or `{groupfd}` (with one descriptor of a device only), the same with `:NAME`, `{iommufd}` and `{containerfd}` in the arguments
 * with descriptor numbers. Other braces stay, since JSON contains them. `passed` is absent if CMD gets no descriptors. Throws
 * VfioNamesError `usage` (status 2) for a placeholder without a descriptor.
 */
export function substituteFds(args: readonly string[], passed: PassedFds | undefined): string[] {
  return args.map((arg) =>
    arg.replace(placeholders, (placeholder, kind: string | undefined, name: string | undefined) => {
      if (!passed)
        throw usage(
          `expected no placeholder with --no-fds, found ${printable(placeholder)}`,
          'leave one out',
        );
      return String(
        kind === undefined ? sharedNumber(passed, placeholder) : deviceNumber(passed, kind, name),
      );
    }),
  );
}

function sharedNumber({ iommufd, containerfd }: PassedFds, placeholder: string): number {
  const [number, option] =
    placeholder === '{iommufd}' ? [iommufd, '--iommu'] : [containerfd, '--interface group'];
  if (number !== undefined) return number;
  throw option === '--iommu' || iommufd === undefined
    ? usage(`expected ${option} with ${placeholder}, found no ${option}`, 'add it')
    : usage(`expected no --iommu with ${placeholder}, found it`, 'write {iommufd}, which takes its place');
}

function deviceNumber({ kind, devices }: PassedFds, found: string, name: string | undefined): number {
  if (found !== kind)
    throw found === 'fd'
      ? usage('expected {groupfd} with --interface group, found {fd}', 'write {groupfd}')
      : usage('expected --interface group with {groupfd}, found no --interface group', 'add it');
  const matching = name === undefined ? devices : devices.filter(({ names }) => names.includes(name));
  const [fd, ...others] = new Set(matching.map((device) => device.fd));
  if (fd !== undefined && others.length === 0) return fd;
  if (name === undefined)
    throw usage(
      kind === 'fd'
        ? `expected one NAME with {fd}, found ${devices.length}`
        : `expected NAMEs of one group with {groupfd}, found ${others.length + 1} groups`,
      `write {${kind}:NAME}`,
    );
  if (fd !== undefined)
    throw usage(
      `{${kind}:${printable(name)}} fits ${matching.length} devices: ${matching.map(({ label }) => printable(label)).join(', ')}`,
      'name one of them',
    );
  const known = devices.flatMap(({ names }) => names);
  throw usage(
    `expected {${kind}:NAME} with a NAME from before --, found ${printable(name)}`,
    `give it as ${known.map(printable).join(' or ')}`,
  );
}

/** Returns the value of VFIO_NAMES_FDS: `pci/0000:01:00.0=3 iommu=4`, separated by spaces, in the order of the numbers. */
export function fdsVariable({ devices, containerfd, iommufd }: PassedFds): string {
  const parts = devices.map(({ label, fd }) => `${label}=${fd}`);
  return [
    ...parts,
    ...(containerfd === undefined ? [] : [`container=${containerfd}`]),
    ...(iommufd === undefined ? [] : [`iommu=${iommufd}`]),
  ].join(' ');
}

function usage(message: string, hint: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, message, { hint });
}
