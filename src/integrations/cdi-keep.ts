/**
 * Keeps a CDI file true while devices come and go. Knows nothing of events: whoever hears of a change calls it.
 *
 * The file names nodes by their numbers, and the kernel gives a number that became free to the next device. Nothing in user
 * space can hold a number without holding the device, so between such a change and the next call lies a moment in which the
 * file is that of before. What is promised is that a call never returns over a false file: what was written is compared with the
 * machine once more, after it can be seen, and where the machine does not hold still there is no file at all.
 */
import { scanDevices } from '../devices/scan.ts';
import { exitStatus, VfioNamesError } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import { chooseDevices } from './cdi-devices.ts';
import { type Done, putSpec } from './cdi-file.ts';
import { cdiSpec, cdiText, type Interface } from './cdi-spec.ts';

export interface CdiPlan {
  readonly path: string;
  readonly bus: string;
  readonly kind: string;
  readonly wanted: Interface | 'auto';
}

export interface CdiKept {
  /** What became of the file, of several writes the most: `unchanged` and `absent` mean that nothing was done. */
  readonly done: Done;
  /** Why devices are not in it, a printable line each. */
  readonly leftOut: readonly string[];
}

/** So many documents in a row that are false when they can be seen, and the file is taken away. */
export const mostWrites = 8;

/**
 * Makes the file what the devices of this moment call for, and gives what was done. Throws VfioNamesError as chooseDevices
 * (the file is removed then) and putSpec do.
 */
export function keepSpec(files: Files, root: Root, plan: CdiPlan, token: string): CdiKept {
  let before: Done | undefined;
  for (let writes = 0; writes <= mostWrites; writes++) {
    const { text, leftOut } = documentNow(files, root, plan, token);
    const done = putSpec(files, plan.path, plan.kind, text, token);
    if (done === 'unchanged' || done === 'absent') return { done: before ?? done, leftOut };
    before = done;
  }
  dropSpec(files, plan, token);
  throw new VfioNamesError(
    'unsettled',
    exitStatus.findings,
    `expected device numbers that hold still while the CDI specification is written, found others ${mostWrites + 1} times; it was removed, and comes with the next change or look`,
  );
}

/** Removes the file, as at the end of the service: nobody keeps it true from then on. */
export function dropSpec(files: Files, { path, kind }: CdiPlan, token: string): Done {
  return putSpec(files, path, kind, undefined, token);
}

/** `text` is absent where there is no device: runtimes refuse an empty document. */
function documentNow(
  files: Files,
  root: Root,
  plan: CdiPlan,
  token: string,
): { readonly text: string | undefined; readonly leftOut: readonly string[] } {
  const { devices } = scanDevices(files, root);
  const ours = devices.filter(({ bus }) => bus === plan.bus);
  try {
    const { by, devices: chosen, leftOut } = chooseDevices(files, root, ours, plan.wanted);
    const text = chosen.length === 0 ? undefined : cdiText(cdiSpec(plan.kind, by, chosen, false));
    return { text, leftOut };
  } catch (error) {
    dropSpec(files, plan, token);
    throw error;
  }
}

/** Whether a change at one of these places (relative to /dev/vfio; anything where `undefined`) can concern a node: its own, or a group's. */
export function concernsNodes(places: ReadonlySet<string> | undefined): boolean {
  return (
    places === undefined || [...places].some((place) => place.startsWith('devices/') || !place.includes('/'))
  );
}
