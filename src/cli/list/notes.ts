/** Footnotes below the table of `list`, and its summary: what does not fit into a cell. */
import { blockingSiblings, readSiblings } from '../../devices/iommu-group.ts';
import type { Device } from '../../devices/types.ts';
import { tryOrUndefined } from '../../errors.ts';
import type { Machine } from '../../links/observe.ts';
import { type DeviceState, deviceStates } from '../../links/state.ts';
import { pathBelow } from '../../system/root-path.ts';
import { printable } from '../../text/printable.ts';
import { plural } from '../../text/prose.ts';
import type { ListRow } from './columns.ts';

/** How many names a footnote has. */
const MAX_NAMES = 3;

/** Numbers texts in the order of their first use. */
export class Footnotes {
  readonly #numbers = new Map<string, number>();
  readonly #groupNodes = new Map<string, string[]>();
  /** Devices of groups that cannot be used. */
  readonly #inBlockedGroups = new Set<ListRow>();

  /** `[1]`, the mark of this text. */
  mark(text: string, groupNode?: string): string {
    const number = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, number);
    if (groupNode !== undefined) {
      const nodes = this.#groupNodes.get(text);
      if (nodes) nodes.push(groupNode);
      else this.#groupNodes.set(text, [groupNode]);
    }
    return `[${number}]`;
  }

  /** `[1]`, the mark of a device whose group cannot be used. */
  markGroup(text: string, row: ListRow): string {
    this.#inBlockedGroups.add(row);
    return this.mark(text);
  }

  /** Whether the group of the device cannot be used. */
  isBlocked(row: ListRow): boolean {
    return this.#inBlockedGroups.has(row);
  }

  /** The number of devices whose group cannot be used. */
  get blockedCount(): number {
    return this.#inBlockedGroups.size;
  }

  /** `[1] text; only /dev/vfio/22`, one entry for each text. */
  lines(): readonly string[] {
    return [...this.#numbers].map(([text, number]) => {
      const nodes = [...new Set(this.#groupNodes.get(text) ?? [])];
      const more = nodes.length > MAX_NAMES ? ` and ${nodes.length - MAX_NAMES} more` : '';
      const groups = nodes.length === 0 ? '' : `; only ${nodes.slice(0, MAX_NAMES).join(', ')}${more}`;
      return printable(`[${number}] ${text}${groups}`);
    });
  }
}

/** Why the device has no node or no name; `undefined` if it has both. */
export function stateNote({
  state,
  facts,
}: ListRow): { readonly text: string; readonly groupNode?: string } | undefined {
  const { noCdevReason: reason, node, groupNode } = facts;
  if (reason === undefined)
    return state === 'no-node' ? { text: 'the node is not in /dev/vfio/devices' } : undefined;
  return { text: reason, ...(node === undefined && groupNode !== undefined && { groupNode }) };
}

/** Why VFIO cannot use the IOMMU group of the device; `undefined` if it can. */
export function groupNote(
  { files, root }: Pick<Machine, 'files' | 'root'>,
  device: Device,
  group: string,
): string | undefined {
  const directory = pathBelow(root, `${device.syspath}/iommu_group/devices`);
  // Most groups have one device, which need not be read.
  if ((tryOrUndefined(() => files.readdir(directory)) ?? []).length < 2) return undefined;
  const blockers = blockingSiblings(readSiblings(files, root, device));
  if (blockers.length === 0) return undefined;
  const names = blockers.slice(0, MAX_NAMES).map(({ name, driver }) => `${name} (${driver ?? 'no driver'})`);
  const more = blockers.length > MAX_NAMES ? ` and ${blockers.length - MAX_NAMES} more` : '';
  return `group ${group} cannot be used until ${names.join(', ')}${more} ${blockers.length === 1 ? 'is' : 'are'} unbound`;
}

/**
 * `13 devices: 12 ok, 1 no node` or `3 devices: all ok; 1 in a group that cannot be used`, the states from the best to the
 * worst.
 */
export function summaryLine(states: readonly DeviceState[], blockedCount = 0): string {
  const numbers = new Map<DeviceState, number>();
  for (const state of states) numbers.set(state, (numbers.get(state) ?? 0) + 1);
  const counts = [...deviceStates]
    .reverse()
    .filter((state) => numbers.has(state))
    .map((state) => `${numbers.get(state)} ${state.replace('-', ' ')}`);
  const text =
    counts.length === 1 && states.length > 1 ? `all ${states[0]?.replace('-', ' ')}` : counts.join(', ');
  const blocked = blockedCount === 0 ? '' : `; ${blockedCount} in a group that cannot be used`;
  return `${plural(states.length, 'device')}: ${text}${blocked}`;
}
