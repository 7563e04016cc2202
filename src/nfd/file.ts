/** Writes or removes the features file of this machine. Refuses to change a file of another program. */
import { availableInterface, hasIommufd } from '../cdi/interface.ts';
import { readFacts } from '../devices/facts.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { Files, SystemFiles } from '../system/files.ts';
import { type WriteOutcome, writeGenerated } from '../system/generated-file.ts';
import type { Root } from '../system/root-path.ts';
import { baseName } from '../text/path.ts';
import { printable } from '../text/printable.ts';
import { isOwnFeaturesFile, nfdFeatures } from './features.ts';

/** MaxFeatureFileSize of source/local/local.go: Node Feature Discovery ignores a larger file. */
const MAX_BYTES = 65_536;

/**
 * The features of a machine with these devices, as nfdFeatures() formats them. Throws VfioNamesError `too-large` (status 1) if Node
 * Feature Discovery would ignore them.
 */
export function readFeatures(files: Files, root: Root, devices: readonly Device[]): string {
  const text = nfdFeatures({
    iommufd: hasIommufd(files, root),
    interface: devices.length === 0 ? undefined : availableInterface(files, root, devices),
    devices: devices.map((device) => readFacts(files, root, device, ['vendor', 'class', 'mdevType'])),
  });
  if (text.length <= MAX_BYTES) return text;
  throw new VfioNamesError(
    'too-large',
    exitStatus.findings,
    `expected at most ${MAX_BYTES} bytes of features, found ${text.length}: the devices have too many different types`,
    { hint: 'Node Feature Discovery ignores a larger file' },
  );
}

/** Writes `text` to `path`, or removes the file if `text` is `undefined`. Throws what writeGenerated() throws. */
export function writeFeatures(
  files: SystemFiles,
  path: string,
  text: string | undefined,
  token: string,
): WriteOutcome {
  const file = {
    path,
    description: 'features file',
    expected: 'a features file of vfio-names',
    isGenerated: isOwnFeaturesFile,
  };
  return writeGenerated(files, file, text, token);
}

/** Returns `path`, the value of `option`. Throws VfioNamesError `usage` (status 2) for a hidden file, which Node Feature Discovery ignores. */
export function checkFeaturesPath(option: string, path: string): string {
  const name = baseName(path);
  if (name !== '' && !name.startsWith('.') && !path.endsWith('/')) return path;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected ${option} to be a file whose name begins with no dot, found ${printable(path)}`,
    { hint: 'Node Feature Discovery reads no other' },
  );
}
