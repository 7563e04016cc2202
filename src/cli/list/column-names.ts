/** The words that `list --columns` and `list --sort` take; apart from columns.ts, so that the table of commands stays small. */

export const columnNames = [
  'alias',
  'name',
  'device',
  'driver',
  'group',
  'state',
  'bus',
  'node',
  'devnum',
  'owner',
  'numa',
  'ids',
  'class',
  'pf',
  'vf',
  'slot',
  'serial',
  'path',
  'links',
  'syspath',
] as const;

export type ColumnName = (typeof columnNames)[number];
