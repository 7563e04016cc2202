/** The table of `list`: cells with their footnotes and colours, fitted to the terminal. */
import type { Machine } from '../../links/observe.ts';
import type { DeviceState } from '../../links/state.ts';
import { printable } from '../../text/printable.ts';
import { type Colour, paint } from '../colour.ts';
import { type FitColumn, fitTable } from '../fit-table.ts';
import type { ColumnName } from './column-names.ts';
import { columnOf, type ListRow } from './columns.ts';
import { type Footnotes, groupNote, stateNote } from './notes.ts';
import { treeRows } from './select.ts';

interface TableOptions {
  /** The width of the terminal; absent if a row may be of any length. */
  readonly width?: number;
  /** Collects the footnotes of the cells; without it, the table has no titles and no marks. */
  readonly notes?: Footnotes;
  readonly tree: boolean;
  /** Whether no column may be omitted. */
  readonly fixed: boolean;
  readonly colour: boolean;
}

/** The colours of states; the others are yellow. */
const stateColours: Readonly<Partial<Record<DeviceState, Colour>>> = {
  ok: 'green',
  'wrong-node': 'red',
  'node-unreadable': 'red',
  'wrong-link': 'red',
  blocked: 'red',
};

/** The colour of a state. */
export function stateColour(state: DeviceState): Colour {
  return stateColours[state] ?? 'yellow';
}

/** The colour of the state, which is not that of a device without problems if its group cannot be used. */
function rowColour(row: ListRow | undefined, notes: Footnotes | undefined): Colour {
  const isBlocked = row?.state === 'ok' && notes?.isBlocked(row);
  return isBlocked ? 'yellow' : stateColour(row?.state ?? 'ok');
}

export function listTable(
  machine: Pick<Machine, 'files' | 'root'>,
  rows: readonly ListRow[],
  names: readonly ColumnName[],
  { width, notes, tree, fixed, colour }: TableOptions,
): string {
  const drawn = tree ? treeRows(rows) : rows.map((row) => ({ row, lines: '' }));
  // On the state, since the column is never omitted.
  const marksOf =
    notes === undefined ? () => '' : stateMarks(machine, notes, countGroups(rows) <= MAX_GROUPS);
  const columns = names.map((name): FitColumn => {
    const { title, cell, min, omit } = columnOf(name);
    return {
      title,
      cells: drawn.map(({ row, lines }) => {
        const text = printable(cell(row) ?? '');
        return name === 'name' ? lines + text : name === 'state' ? text + marksOf(row) : text;
      }),
      ...(min !== undefined && { min }),
      ...(!fixed && omit !== undefined && { omit }),
      ...(name === 'state' && {
        paint: (text, index) => paint(text, rowColour(drawn[index]?.row, notes), colour),
      }),
    };
  });
  return fitTable(columns, { width, header: notes !== undefined, records: fixed && notes !== undefined });
}

/** Each group is a directory to read. Of more groups, none is checked here; doctor checks them all. */
const MAX_GROUPS = 256;

function countGroups(rows: readonly ListRow[]): number {
  return new Set(rows.map(({ facts }) => facts.group)).size;
}

/** Returns the function for what follows a state: the numbers of its footnote, and of that of a group that cannot be used. */
function stateMarks(
  machine: Pick<Machine, 'files' | 'root'>,
  notes: Footnotes,
  checksGroups: boolean,
): (row: ListRow) => string {
  const groups = new Map<string, string | undefined>();
  const groupText = ({ device, facts: { group } }: ListRow): string | undefined => {
    if (group === undefined || !checksGroups) return undefined;
    if (!groups.has(group)) groups.set(group, groupNote(machine, device, group));
    return groups.get(group);
  };
  return (row) => {
    const note = stateNote(row);
    const text = groupText(row);
    const mark = note === undefined ? '' : ` ${notes.mark(note.text, note.groupNode)}`;
    return text === undefined ? mark : `${mark} ${notes.markGroup(text, row)}`;
  };
}
