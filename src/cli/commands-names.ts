/** The commands about names: list, show, resolve, plan, sync, verify and others that read or make them. */
import { deviceStates } from '../links/state.ts';
import type { Command } from './command.ts';
import { anyNames, oneName, policy } from './command-options.ts';
import { columnNames } from './list/column-names.ts';

export const list: Command = {
  name: 'list',
  aliases: ['ls', 'status'],
  summary: 'list all VFIO devices with their names and states',
  operands: anyNames,
  options: {
    long: { type: 'boolean', short: 'l', help: 'more columns: node, owner, NUMA node, ids, VF' },
    columns: {
      type: 'string',
      placeholder: 'COLUMNS',
      help: `the columns, separated by commas: ${columnNames.join(', ')}`,
    },
    sort: {
      type: 'string',
      placeholder: 'COLUMNS',
      help: 'sort by these columns; by bus and name is the default',
    },
    tree: { type: 'boolean', help: 'draw VFs and mediated devices below their physical function' },
    'no-header': { type: 'boolean', help: 'print only the rows: no titles, no notes, no summary' },
    bus: { type: 'string', placeholder: 'BUS', help: 'only the devices of this bus: pci, mdev, ...' },
    driver: { type: 'string', placeholder: 'DRIVER', help: 'only the devices of this driver: vfio-pci, ...' },
    group: {
      type: 'string',
      placeholder: 'GROUP',
      help: 'only the devices of the IOMMU group with this number',
    },
    state: {
      type: 'string',
      placeholder: 'STATES',
      help: `only the devices in these states, separated by commas: ${deviceStates.join(', ')}`,
    },
    policy,
  },
  details: [
    'On a terminal, a row is shortened to fit on one line: UUIDs in the middle, then device descriptions, then whole columns. With --long or --columns, a row that is still too wide takes several lines. In a file or a pipe, nothing is shortened.',
    'Notes below the table say why a device has no node, and which groups cannot be used. If there are more than 256 groups, only doctor checks them.',
    'A device or a group that cannot be read is reported on standard error and counted in the summary. The exit status does not depend on the states of devices; that of verify does.',
    'For a script, use --json, or --no-header with --columns: the default columns may change.',
  ],
  load: async () => (await import('./commands/list.ts')).run,
};

export const show: Command = {
  name: 'show',
  summary: 'show all details of one device',
  operands: oneName,
  options: { policy },
  details: [
    'The first lines say what prevents the device from being used. With --json, facts have the same names as in a policy.',
  ],
  load: async () => (await import('./commands/show.ts')).run,
};

export const resolve: Command = {
  name: 'resolve',
  summary: 'print the node of a device after checking that it is the right one',
  operands: oneName,
  options: {
    print: {
      type: 'string',
      placeholder: 'WHAT',
      choices: ['node', 'link', 'name', 'devnum', 'syspath', 'group'],
      help: 'what to print; node is the default, name is the PCI address or UUID, which libvirt and Proxmox accept',
    },
    interface: {
      type: 'string',
      placeholder: 'WHICH',
      choices: ['cdev', 'group', 'auto'],
      help: 'the node of the device (cdev, the default) or of its IOMMU group; auto selects cdev if the device has one',
    },
    'any-driver': {
      type: 'boolean',
      help: 'with --print name, syspath or group: also a device that is not bound to a VFIO driver; no node is checked',
    },
    policy,
  },
  details: [
    'The node is opened without following links, its number is compared with sysfs, and sysfs is read again. The node of a group, /dev/vfio/14, is compared in the same way; then the device must still be a member of the group, and bound to a VFIO driver. With --print name, syspath or group, which do not depend on the node, --interface auto is the default.',
    'NAME+group stands for all devices of its group that are bound to VFIO drivers, since they can only be handed over together: one line for each, or one for the node that they share. If a driver of the host has another member, nothing is printed, and the exit status is 1.',
  ],
  load: async () => (await import('./commands/resolve.ts')).run,
};

export const plan: Command = {
  name: 'plan',
  summary: 'show what sync would change',
  options: { policy },
  details: [
    'Lists the links that would change, the nodes whose owner, group or mode would change, and the names that several devices claim.',
    'With --json, changed says whether sync would change something.',
  ],
  load: async () => (await import('./commands/plan.ts')).run,
};

export const sync: Command = {
  name: 'sync',
  summary: 'create, correct and remove links so that they match the devices',
  options: {
    'dry-run': { type: 'boolean', short: 'n', help: 'show what would change, as plan does' },
    policy,
  },
  details: [
    'Links that are correct are not touched. A file in the place of a link that vfio-names did not create is left alone and reported.',
    'A device whose node is not in /dev/vfio/devices, as in a container that has only some of the nodes, gets no link. It is reported on standard error. The same applies to a name that several devices claim.',
    'The links of a device or of an IOMMU group that cannot be read in sysfs are removed, because it is not known where they should lead. The reason is printed on standard error, and the exit status is 1.',
    'With --json, changed says whether something was changed, for tools that report that, such as Ansible.',
    'If no rule of [[access]] applies to a node any more, its owner, group and mode are restored, unless somebody else has changed them since.',
  ],
  load: async () => (await import('./commands/sync.ts')).run,
};

export const verify: Command = {
  name: 'verify',
  summary: 'check every name and node against sysfs',
  operands: anyNames,
  options: { fix: { type: 'boolean', help: 'correct what sync can correct, then report the rest' }, policy },
  details: [
    'Each finding has a code, what was expected and what was found, and on a line of its own what to do. The manual, vfio-names(1), describes the codes.',
  ],
  load: async () => (await import('./commands/verify.ts')).run,
};
