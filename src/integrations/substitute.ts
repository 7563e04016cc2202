/** Puts descriptor numbers into the words of a command. Pure; no shell, one word stays one word. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { printable } from '../text/printable.ts';

/** A device that the child has open. */
export interface Given {
  /** The descriptor's number in the child. */
  readonly fd: number;
  /** What the child may know it by: `pci/0000:01:00.0`. */
  readonly label: string;
  /** Every word that means it in `{fd:NAME}`: as it was asked for, and its own names. */
  readonly names: readonly string[];
}

/**
 * `{fd}` (of the only device), `{fd:NAME}` and `{iommufd}` in the words become numbers; other braces stay, since JSON
 * has them too. Throws VfioNamesError `usage` (status 2) for a placeholder that stands for nothing.
 */
export function substitute(
  words: readonly string[],
  devices: readonly Given[],
  iommufd: number | undefined,
): string[] {
  return words.map((word) =>
    word.replace(/\{(?:fd(?::([^{}]*))?|iommufd)\}/g, (placeholder, name: string | undefined) =>
      String(placeholder === '{iommufd}' ? iommuNumber(iommufd) : deviceNumber(devices, name)),
    ),
  );
}

function iommuNumber(iommufd: number | undefined): number {
  if (iommufd !== undefined) return iommufd;
  throw usage('expected --iommu with {iommufd}, found no --iommu; add it');
}

function deviceNumber(devices: readonly Given[], name: string | undefined): number {
  if (name === undefined) {
    const [only, ...others] = devices;
    if (only && others.length === 0) return only.fd;
    throw usage(`expected one NAME with {fd}, found ${devices.length}; write {fd:NAME}`);
  }
  const found = devices.find(({ names }) => names.includes(name));
  if (found) return found.fd;
  const known = devices.flatMap(({ names }) => names);
  const near = nearest(name, known);
  throw usage(
    `expected {fd:NAME} with a NAME from before --, found ${printable(name)}; ${near === undefined ? `give it as ${known.map(printable).join(' or ')}` : `did you mean ${printable(near)}?`}`,
  );
}

/** VFIO_NAMES_FDS: `pci/0000:01:00.0=3 iommu=4`, by spaces, in the order of the numbers. */
export function fdsVariable(devices: readonly Given[], iommufd: number | undefined): string {
  const parts = devices.map(({ label, fd }) => `${label}=${fd}`);
  return [...parts, ...(iommufd === undefined ? [] : [`iommu=${iommufd}`])].join(' ');
}

function usage(message: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, message);
}
