/** Command table: list, show, resolve, plan, sync and verify. */
import type { Command } from '../command.ts';
import { anyNames, oneName, policy } from './shared.ts';

export const list: Command = {
  name: 'list',
  summary: 'all VFIO devices with their names and nodes',
  options: {
    bus: { type: 'string', placeholder: 'BUS', help: 'only the devices of this bus: pci, mdev, ...' },
    long: { type: 'boolean', short: 'l', help: 'more columns: ids, NUMA node, owner' },
    policy,
  },
  load: async () => (await import('../commands/list.ts')).run,
};

export const show: Command = {
  name: 'show',
  summary: 'everything that is known of one device',
  operands: oneName,
  options: { policy },
  load: async () => (await import('../commands/show.ts')).run,
};

export const resolve: Command = {
  name: 'resolve',
  summary: 'the node of a device, checked by fstat',
  operands: oneName,
  options: {
    print: {
      type: 'string',
      placeholder: 'WHAT',
      choices: ['node', 'link', 'devnum', 'syspath', 'group'],
      help: 'what to print; node is the default',
    },
    policy,
  },
  load: async () => (await import('../commands/resolve.ts')).run,
};

export const plan: Command = {
  name: 'plan',
  summary: 'what sync would change',
  options: { policy },
  details: ['Exit status 1 when something would change, or something is in the way of a name.'],
  load: async () => (await import('../commands/plan.ts')).run,
};

export const sync: Command = {
  name: 'sync',
  summary: 'make the names those that sysfs calls for',
  options: { policy },
  details: [
    'What is right already stays as it is. What vfio-names did not make is left alone and reported, with exit status 1.',
    'A name is true or absent: a device whose node is not in /dev/vfio/devices, as in a container that got only some of them, has none, and one line on the standard error output says so.',
  ],
  load: async () => (await import('../commands/sync.ts')).run,
};

export const verify: Command = {
  name: 'verify',
  summary: 'check every name and node against sysfs',
  operands: anyNames,
  options: { fix: { type: 'boolean', help: 'fix what sync can fix, then report the rest' }, policy },
  details: ['Exit status 1 on any finding.'],
  load: async () => (await import('../commands/verify.ts')).run,
};
