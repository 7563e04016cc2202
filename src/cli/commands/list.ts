/** `list`: prints one row per device. */
import { isNameable } from '../../devices/cdev.ts';
import { readFact, readFacts } from '../../devices/facts.ts';
import { deviceKey } from '../../devices/groups.ts';
import { typedFacts } from '../../devices/typed-facts.ts';
import type { Device, FactName } from '../../devices/types.ts';
import { exitStatus, VfioNamesError } from '../../errors.ts';
import type { Machine, Observation } from '../../links/observe.ts';
import { findScanned } from '../../links/select.ts';
import { type DeviceLinks, type DeviceState, deviceLinks, verifiedStates } from '../../links/state.ts';
import { verify } from '../../links/verify.ts';
import { printable } from '../../text/printable.ts';
import { wrap } from '../../text/prose.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyMachine, noDeviceOnBus, parseBus, reportNoDevices, reportProblems } from '../context.ts';
import { jsonDocument } from '../json.ts';
import type { ColumnName } from '../list/column-names.ts';
import { columnOf, defaultColumns, type ListRow, longColumns, parseColumns } from '../list/columns.ts';
import { describeIds, readIds } from '../list/description.ts';
import { Footnotes, summaryLine } from '../list/notes.ts';
import { type Filters, parseStates, passesFilters, sortRows } from '../list/select.ts';
import { listTable } from '../list/table.ts';
import { terminalColumns } from '../terminal.ts';

export const run: RunCommand = async (invocation, io, system) => {
  const { flags, values, operands } = invocation;
  const { columns, sort } = parseShape(invocation);
  const states = parseStates(values['state']);
  const machine = await loadPolicyMachine(invocation, system);
  const { driver } = values;
  // As in a NAME: `group:14`, `/dev/vfio/14`.
  const group = values['group']?.replace(/^(?:group:|\/dev\/vfio\/)/, '');
  const filters: Filters = { bus: parseBus(machine, values['bus']), driver, group, states };
  const verification = verify(machine);
  const { observation } = verification;
  const verified = verifiedStates(verification);
  const stateOf = ({ device }: DeviceLinks): DeviceState => verified.get(deviceKey(device)) ?? 'ok';
  const named = new Set(operands.flatMap((name) => findOperand(machine, observation, name)));
  const selected = [...deviceLinks(observation).values()].filter(
    (entry) =>
      (named.size === 0 || named.has(entry.device)) && passesFilters(machine, entry, stateOf(entry), filters),
  );
  reportProblems(io, observation.scan.problems);
  const facts = invocation.json ? undefined : factsOf([...columns, ...sort], flags['tree'] === true);
  const rows = sortRows(
    selected.map((entry) => readRow(machine, entry, stateOf(entry), facts)),
    sort,
  );
  const status = rows.length === 0 && isFiltered(filters) ? exitStatus.noDevice : exitStatus.ok;
  if (invocation.json) {
    const devices = rows.map((row) => ({ ...typedFacts(row.facts), links: row.links, state: row.state }));
    const { problems } = observation.scan;
    io.out(jsonDocument({ devices, problems }));
    return status;
  }
  if (rows.length === 0) {
    reportNothing(io, machine, observation, filters);
    return status;
  }
  const width = terminalColumns(io, system.process.env);
  const notes = new Footnotes();
  io.out(
    listTable(machine, rows, columns, {
      ...(width !== undefined && { width }),
      ...(!flags['no-header'] && { notes }),
      tree: flags['tree'] === true,
      // Columns that were asked for are not omitted.
      fixed: flags['long'] === true || values['columns'] !== undefined,
      colour: invocation.colour,
    }),
  );
  if (flags['no-header']) return status;
  for (const note of notes.lines()) io.out(`${wrapNote(note, width)}\n`);
  const findings = new Set(verification.findings.map(({ bus, name }) => `${bus}/${name}`));
  const isFound =
    findings.size > 0 && rows.some(({ device }) => findings.has(`${device.bus}/${device.name}`));
  const unreadable = observation.scan.unreadableCount;
  const summary = [
    summaryLine(
      rows.map(({ state }) => state),
      notes.blockedCount,
    ),
    ...(unreadable > 0 ? [`${unreadable} could not be read`] : []),
    ...(isFound || unreadable > 0 ? ['see vfio-names verify'] : []),
  ];
  io.out(`${wrapNote(summary.join('; '), width)}\n`);
  return status;
};

/** The devices of an operand. The error for a bus or a driver names the option for it. */
function findOperand(machine: Machine, observation: Observation, name: string): readonly Device[] {
  try {
    return findScanned(machine, observation, name);
  } catch (error) {
    const { devices } = observation.scan;
    const option = devices.some(({ bus }) => bus === name)
      ? 'bus'
      : devices.some((device) => readFact(machine.files, machine.root, device, 'driver') === name)
        ? 'driver'
        : undefined;
    if (!(error instanceof VfioNamesError) || error.code !== 'no-device' || option === undefined) throw error;
    const { code, status, message } = error;
    throw new VfioNamesError(code, status, message, {
      hint: `did you mean --${option} ${printable(name)}?`,
      device: name,
    });
  }
}

function parseShape({ flags, values }: Invocation): {
  readonly columns: readonly ColumnName[];
  readonly sort: readonly ColumnName[];
} {
  const { columns, sort } = values;
  return {
    columns:
      columns !== undefined
        ? parseColumns('--columns', columns)
        : flags['long']
          ? longColumns
          : defaultColumns,
    sort: sort === undefined ? [] : parseColumns('--sort', sort),
  };
}

function factsOf(columns: readonly ColumnName[], tree: boolean): ReadonlySet<FactName> {
  return new Set([...columns.flatMap((name) => columnOf(name).facts), ...(tree ? ['pf' as const] : [])]);
}

/** The facts that a cell of the state needs for a device that cannot have a link. */
const withoutLink: readonly FactName[] = ['node', 'noCdevReason', 'groupNode'];

/** Reads these facts of a device, or every fact. */
function readRow(
  { files, root }: Machine,
  entry: DeviceLinks,
  state: DeviceState,
  wanted: ReadonlySet<FactName> | undefined,
): ListRow {
  const { device } = entry;
  if (wanted === undefined) return { ...entry, state, facts: readFacts(files, root, device) };
  const facts = readFacts(files, root, device, isNameable(device) ? wanted : [...wanted, ...withoutLink]);
  const isUnlabelled = wanted.has('label') && facts.label === undefined;
  const description = isUnlabelled ? describeIds(readIds({ files, root }, device)) : undefined;
  return { ...entry, state, facts, ...(description !== undefined && { description }) };
}

function wrapNote(note: string, width: number | undefined): string {
  return width === undefined ? note : wrap(note, { width, indent: 4 }).join('\n');
}

function isFiltered({ bus, driver, group, states }: Filters): boolean {
  return [bus, driver, group, states].some((filter) => filter !== undefined);
}

/** Says on stderr why there is no row. */
function reportNothing(io: Io, machine: Machine, { scan, classless }: Observation, filters: Filters): void {
  const { bus, driver, group, states } = filters;
  if (scan.devices.length + classless.length === 0 || !isFiltered(filters)) {
    reportNoDevices(io, machine, 'vfio-names doctor shows what is missing');
    return;
  }
  if (driver === undefined && group === undefined && states === undefined) {
    io.err(`vfio-names: ${noDeviceOnBus(bus ?? '', [...scan.devices, ...classless])}`);
    return;
  }
  const given = Object.entries({ bus, driver, group, state: states?.join(',') });
  const options = given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  io.err(`vfio-names: no VFIO device fits ${printable(options.join(' '))}; vfio-names list shows all`);
}
