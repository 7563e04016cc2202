/** The columns of `list`: which facts each one reads, and what a cell of it says. */
import type { Device, FactName, Facts } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import type { DeviceLinks, DeviceState } from '../../links/state.ts';
import { linkRoot } from '../../names/scheme.ts';
import { nearest } from '../../text/nearest.ts';
import { printable } from '../../text/printable.ts';
import { type ColumnName, columnNames } from './column-names.ts';
import { shortLabel } from './description.ts';

/** A device with what its cells need. */
export interface ListRow extends DeviceLinks {
  readonly state: DeviceState;
  readonly facts: Facts;
  /** Of a device without a label. */
  readonly description?: string;
}

interface ListColumn {
  readonly title: string;
  readonly facts: readonly FactName[];
  readonly cell: (row: ListRow) => string | undefined;
  /** See FitColumn. */
  readonly min?: number;
  readonly omit?: number;
}

/** An alias that leads to the node of a device or, below groups/, to that of its group. */
const aliasPath = new RegExp(`^${linkRoot}/(?:groups/)?by-alias/(.+)$`);

/** `pci/0000:01:00.0`: the link of scheme 1 below /dev/vfio, or below /dev/vfio/groups; it is a NAME, too. */
export function nameOf({
  device,
  links,
}: {
  readonly device: Device;
  readonly links: readonly string[];
}): string {
  return links[0]?.slice(linkRoot.length + 1).replace(/^groups\//, '') ?? `${device.bus}/${device.name}`;
}

const fact = (title: string, name: FactName): ListColumn => ({
  title,
  facts: [name],
  cell: ({ facts }) => facts[name] ?? '-',
});

const listColumns: Readonly<Record<ColumnName, ListColumn>> = {
  alias: {
    title: 'ALIAS',
    facts: [],
    cell: ({ links }) => [...new Set(links.flatMap((link) => aliasPath.exec(link)?.[1] ?? []))].join(','),
    min: 8,
    omit: 4,
  },
  name: { title: 'NAME', facts: [], cell: nameOf },
  device: {
    title: 'DEVICE',
    facts: ['label'],
    cell: ({ facts: { label }, description }) => (label === undefined ? description : shortLabel(label)),
    min: 14,
    omit: 2,
  },
  driver: { ...fact('DRIVER', 'driver'), omit: 3 },
  group: { ...fact('GROUP', 'group'), omit: 1 },
  state: { title: 'STATE', facts: ['group'], cell: ({ state }) => state.replace('-', ' ') },
  bus: fact('BUS', 'bus'),
  node: {
    title: 'NODE',
    facts: ['node', 'groupNode'],
    cell: ({ facts: { node, groupNode } }) => node ?? groupNode ?? '-',
  },
  devnum: fact('DEVNUM', 'devnum'),
  owner: {
    title: 'OWNER',
    facts: ['owner', 'fileGroup', 'mode'],
    cell: ({ facts: { owner, fileGroup, mode } }) =>
      owner === undefined ? '-' : `${owner}:${fileGroup ?? '?'} ${mode ?? ''}`,
  },
  numa: fact('NUMA', 'numaNode'),
  ids: {
    title: 'IDS',
    facts: ['vendor', 'device'],
    cell: ({ facts: { vendor, device } }) =>
      vendor === undefined || device === undefined ? '-' : `${vendor.slice(2)}:${device.slice(2)}`,
  },
  class: fact('CLASS', 'class'),
  pf: fact('PF', 'pf'),
  vf: fact('VF', 'vf'),
  slot: fact('SLOT', 'slot'),
  serial: fact('SERIAL', 'serial'),
  path: fact('PATH', 'path'),
  links: {
    title: 'LINKS',
    facts: [],
    cell: ({ links }) => links.map((link) => link.slice(linkRoot.length + 1)).join(','),
  },
  syspath: fact('SYSPATH', 'syspath'),
};

export const defaultColumns: readonly ColumnName[] = ['alias', 'name', 'device', 'driver', 'group', 'state'];
export const longColumns: readonly ColumnName[] = [
  ...(['alias', 'name', 'device', 'node', 'devnum', 'driver', 'group'] as const),
  ...(['owner', 'numa', 'ids', 'class', 'pf', 'vf', 'state'] as const),
];

export function columnOf(name: ColumnName): ListColumn {
  return listColumns[name];
}

/** Parses `name,driver`, in any letter case. Throws VfioNamesError `usage` (status 2) for a word that is not a column. */
export function parseColumns(option: string, text: string): ColumnName[] {
  return text.split(',').map((word) => {
    const wanted = word.trim().toLowerCase();
    const found = columnNames.find(
      (name) => name === wanted || listColumns[name].title.toLowerCase() === wanted,
    );
    if (found !== undefined) return found;
    const near = nearest(wanted, columnNames);
    throw new VfioNamesError(
      'usage',
      exitStatus.usage,
      `expected columns of list after ${option}, found ${wanted === '' ? 'an empty argument' : printable(word)}`,
      { hint: near === undefined ? `the columns are ${columnNames.join(', ')}` : `did you mean ${near}?` },
    );
  });
}
