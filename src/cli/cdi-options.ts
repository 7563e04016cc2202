/** Options of a CDI specification, shared by `cdi` and `watch`. */
import { exitStatus, VfioNamesError } from '../errors.ts';
import { isKind } from '../integrations/cdi-name.ts';
import type { Interface } from '../integrations/cdi-spec.ts';
import { printable } from '../text/printable.ts';

export interface CdiOptions {
  readonly bus: string;
  readonly kind: string;
  readonly wanted: Interface | 'auto';
}

/** `--bus`, `--kind` and `--interface` with their defaults. Throws VfioNamesError `usage` (status 2) for an invalid kind. */
export function parseCdiOptions(values: Readonly<Record<string, string>>): CdiOptions {
  const bus = values['bus'] ?? 'pci';
  const kind = values['kind'] ?? `vfio-names.dev/${bus}`;
  if (!isKind(kind))
    throw usage(
      `expected --kind to be VENDOR/CLASS, such as vfio-names.dev/pci, found ${printable(kind)}; begin both with a letter, go on with letters, digits, - and _ (and dots in VENDOR), and end with no sign`,
    );
  return { bus, kind, wanted: (values['interface'] ?? 'auto') as Interface | 'auto' };
}

/** Returns `path`, the value of `option` (`--output`). Throws VfioNamesError `usage` (status 2) unless it ends in .json: container runtimes ignore other files. */
export function checkSpecPath(option: string, path: string): string {
  if (/[^/]\.json$/.test(path)) return path;
  throw usage(
    `expected ${option} to end in .json, found ${printable(path)}; container runtimes read no other file`,
  );
}

function usage(message: string): VfioNamesError {
  return new VfioNamesError('usage', exitStatus.usage, message);
}
