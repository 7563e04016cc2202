/** Command table: probe, holders, doctor and graph. */
import type { Command } from '../command.ts';
import { anyNames, policy } from './shared.ts';

export const probe: Command = {
  name: 'probe',
  summary: 'open devices, and say why when that fails',
  operands: anyNames,
  options: {
    all: { type: 'boolean', help: 'every VFIO device' },
    bind: { type: 'boolean', help: 'take the device and ask it for its regions and irqs; this resets it' },
    attach: { type: 'boolean', help: 'with --bind: attach it to an empty I/O address space, too' },
    group: { type: 'boolean', help: 'the same through the group and a container; this resets it, too' },
    'vf-token': { type: 'string', placeholder: 'UUID', help: 'the token of a VF whose PF is on vfio-pci' },
    timeout: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'how long each step may take; 5 is the default',
    },
    yes: { type: 'boolean', short: 'y', help: 'reset without a question' },
    policy,
  },
  details: [
    'Without --bind and --group nothing is claimed and nothing is reset.',
    'With several devices the worst status counts, in this order: 3, 5, 4, 1, 0.',
  ],
  load: async () => (await import('../commands/probe.ts')).run,
};

export const holders: Command = {
  name: 'holders',
  summary: 'which processes have a device open',
  operands: anyNames,
  options: { policy },
  details: [
    'Without NAME: those of every VFIO device. A device that is gone, but still held, is found by its vfioN, its device number, or (since Linux 6.18) its name.',
    'Exit status 0 whether or not anybody has it open; 4 when some processes may not be looked into, so that some may be missing.',
  ],
  load: async () => (await import('../commands/holders.ts')).run,
};

export const doctor: Command = {
  name: 'doctor',
  summary: 'what this machine lacks for the names to work, and what to do',
  options: { policy },
  details: ['Exit status 1 on any fault. A warning alone is 0, as on a machine without VFIO devices.'],
  load: async () => (await import('../commands/doctor.ts')).run,
};

export const graph: Command = {
  name: 'graph',
  summary: 'a picture of the devices: bridges, groups, drivers, names, and who has them open',
  options: {
    format: {
      type: 'string',
      placeholder: 'FORMAT',
      choices: ['text', 'dot', 'svg'],
      help: "a tree of lines (the default), Graphviz's language, or a drawing",
    },
    all: { type: 'boolean', help: 'every PCI device, not only those of VFIO and of their groups' },
    policy,
  },
  details: [
    'The frames are IOMMU groups: what shares one is handed over together. VFs and mediated devices of one parent are gathered. For svg the npm package @viz-js/viz must be there (status 5 without it); dot needs none:',
    '    vfio-names graph --format dot | dot -Tsvg',
  ],
  load: async () => (await import('../commands/graph.ts')).run,
};
