/**
 * Keeps a CDI file up to date while devices are bound and unbound. The caller listens for events and calls updateSpec after each
 * change.
 *
 * The file names nodes as vfioN, and the kernel reuses N for the next device; a group has the same node after each bind, with
 * another number. User space cannot reserve N without keeping the
 * device open, so the file can be stale between such a change and the next call. updateSpec guarantees that the file is correct
 * when it returns: it scans the devices again after the new file is visible, and removes the file if the device numbers keep
 * changing.
 */
import { boundDevices } from '../devices/not-bound.ts';
import { scanDevices } from '../devices/scan.ts';
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { SkippedDevice } from '../links/node-check.ts';
import type { SystemFiles } from '../system/files.ts';
import type { WriteOutcome } from '../system/generated-file.ts';
import type { Root } from '../system/root-path.ts';
import { type CdiOptions, selectDevices } from './devices.ts';
import { writeSpec } from './file.ts';
import { cdiSpec, cdiText } from './spec.ts';

export interface CdiTarget extends CdiOptions {
  readonly path: string;
  readonly bus: string;
  readonly kind: string;
}

interface CdiUpdate {
  /**
   * What happened to the file; after several writes, the last change. `unchanged` and `absent` mean that nothing was
   * done.
   */
  readonly outcome: WriteOutcome;
  readonly skipped: readonly SkippedDevice[];
}

/** How often the file is rewritten when it is already stale after a write; then it is removed. */
const MAX_WRITES = 8;

/**
 * Writes or removes the file to match the current devices, and returns what was done. Throws the VfioNamesErrors of writeSpec and
 * selectDevices (after the latter, the file is removed), and `unstable` (status 1) if the device numbers keep changing; the
 * file is removed then, too.
 */
export function updateSpec(files: SystemFiles, root: Root, plan: CdiTarget, token: string): CdiUpdate {
  let before: WriteOutcome | undefined;
  // If the clock was set back, a file is older than its nodes even after it was written.
  let seen = 0;
  for (let writes = 0; writes <= MAX_WRITES; writes++) {
    const { text, skipped, newestNode } = currentDocument(files, root, plan, token);
    const done = writeSpec(files, plan.path, plan.kind, text, token, newestNode === seen ? 0 : newestNode);
    if (done === 'unchanged' || done === 'absent') return { outcome: before ?? done, skipped };
    before = done;
    seen = newestNode;
  }
  removeSpec(files, plan, token);
  throw new VfioNamesError(
    'unstable',
    exitStatus.findings,
    `expected device numbers that do not change while the CDI specification is written, found others ${MAX_WRITES + 1} times`,
    { hint: 'it was removed, and is written again after the next change or pass' },
  );
}

/** Removes the file, for example when the service stops and no longer updates it. */
export function removeSpec(files: SystemFiles, { path, kind }: CdiTarget, token: string): WriteOutcome {
  return writeSpec(files, path, kind, undefined, token, 0);
}

/**
 * Returns the document for the current devices. `text` is `undefined` if there is no device, because runtimes reject an
 * empty document.
 */
function currentDocument(
  files: SystemFiles,
  root: Root,
  plan: CdiTarget,
  token: string,
): {
  readonly text: string | undefined;
  readonly skipped: readonly SkippedDevice[];
  readonly newestNode: number;
} {
  const devices = boundDevices(files, root, scanDevices(files, root).devices);
  const onBus = devices.filter(({ bus }) => bus === plan.bus);
  try {
    const { by, devices: chosen, skipped, newestNode } = selectDevices(files, root, onBus, plan);
    const text = chosen.length === 0 ? undefined : cdiText(cdiSpec(plan.kind, by, chosen, false));
    return { text, skipped, newestNode };
  } catch (error) {
    removeSpec(files, plan, token);
    throw error;
  }
}

/**
 * Whether a change at one of these paths (relative to /dev/vfio; `undefined` means any path) can affect a device's node
 * or a group node.
 */
export function affectsNodes(places: ReadonlySet<string> | undefined): boolean {
  return (
    places === undefined || [...places].some((place) => place.startsWith('devices/') || !place.includes('/'))
  );
}
