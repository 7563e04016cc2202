/** Chooses the devices of `list`: operands and filters, the order, and the tree of physical functions and their children. */

import { mdevParent } from '../../devices/facts/mdev.ts';
import { readFact } from '../../devices/facts.ts';
import { sortNatural } from '../../devices/order.ts';
import type { FactName } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import type { Machine } from '../../links/observe.ts';
import { type DeviceLinks, type DeviceState, deviceStates } from '../../links/state.ts';
import { nearest } from '../../text/nearest.ts';
import { printable } from '../../text/printable.ts';
import type { ColumnName } from './column-names.ts';
import { columnOf, type ListRow } from './columns.ts';

export interface Filters {
  readonly bus?: string | undefined;
  readonly driver?: string | undefined;
  readonly group?: string | undefined;
  readonly states?: readonly DeviceState[] | undefined;
}

/** Parses `ok,link-missing`. Throws VfioNamesError `usage` (status 2) for a word that is not a state. */
export function parseStates(text: string | undefined): DeviceState[] | undefined {
  return text?.split(',').map((word) => {
    const wanted = word.trim().toLowerCase().replaceAll(' ', '-');
    const found = deviceStates.find((state) => state === wanted);
    if (found !== undefined) return found;
    const near = nearest(wanted, deviceStates);
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected a state after --state, found ${printable(word)}`,
      {
        hint: near === undefined ? `the states are ${deviceStates.join(', ')}` : `did you mean ${near}?`,
      },
    );
  });
}

/** Whether a device passes every filter; reads only the facts of filters that are given. */
export function passesFilters(
  { files, root }: Pick<Machine, 'files' | 'root'>,
  { device }: DeviceLinks,
  state: DeviceState,
  { bus, driver, group, states }: Filters,
): boolean {
  const has = (fact: FactName, wanted: string | undefined): boolean =>
    wanted === undefined || readFact(files, root, device, fact) === wanted;
  return (
    (bus === undefined || device.bus === bus) &&
    (states === undefined || states.includes(state)) &&
    has('driver', driver) &&
    has('group', group)
  );
}

/** Sorts by the text of these columns, numbers by value; equal rows stay in the order of the devices. */
export function sortRows<T extends ListRow>(
  rows: readonly T[],
  columns: readonly ColumnName[],
): readonly T[] {
  return columns.reduceRight(
    (sorted, name) => sortNatural(sorted, (row) => columnOf(name).cell(row) ?? ''),
    rows,
  );
}

/**
 * Puts VFs below their physical function, and mediated devices below their parent, if that is a row, too. Returns the rows with
 * the lines that are drawn before their names.
 */
export function treeRows(rows: readonly ListRow[]): { readonly row: ListRow; readonly lines: string }[] {
  const keyOf = ({ device }: ListRow): string => `${device.bus}/${device.name}`;
  const keys = new Set(rows.map(keyOf));
  const children = new Map<string, ListRow[]>();
  const tops: ListRow[] = [];
  for (const row of rows) {
    const parent = row.facts.pf ?? mdevParent(row.device);
    const key = parent === undefined ? undefined : `pci/${parent}`;
    // A device below itself, which only a damaged sysfs has, would never be drawn.
    if (
      key === undefined ||
      !keys.has(key) ||
      (row.device.bus === 'pci' && row.facts.pf === undefined) ||
      key === keyOf(row)
    )
      tops.push(row);
    else children.set(key, [...(children.get(key) ?? []), row]);
  }
  const seen = new Set<ListRow>();
  const draw = (row: ListRow, lines: string, below: string): { row: ListRow; lines: string }[] => {
    seen.add(row);
    const members = (children.get(keyOf(row)) ?? []).filter((child) => !seen.has(child));
    return [
      { row, lines },
      ...members.flatMap((child, index) => {
        const isLast = index === members.length - 1;
        return draw(child, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`);
      }),
    ];
  };
  const drawn = tops.flatMap((row) => draw(row, '', ''));
  // Rows in a circle, which only a damaged sysfs has.
  return [...drawn, ...rows.filter((row) => !seen.has(row)).map((row) => ({ row, lines: '' }))];
}
