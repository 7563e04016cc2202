/** The commands about the host: its state, its drawing, its service and the drivers of its devices. */
import type { Command } from './command.ts';
import { cdiGroups, cdiInterface, cdiKind, policy } from './command-options.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'diagnose the VFIO setup of this machine, and suggest fixes',
  options: { policy },
  load: async () => (await import('./commands/doctor.ts')).run,
};

export const graph: Command = {
  name: 'graph',
  aliases: ['tree'],
  summary: 'draw bridges, groups, drivers, names and processes of the devices',
  options: {
    format: {
      type: 'string',
      placeholder: 'FORMAT',
      choices: ['text', 'dot', 'svg'],
      help: "a tree of lines (the default), Graphviz's language, or a drawing",
    },
    all: { type: 'boolean', help: 'every PCI device, not only VFIO devices and the members of their groups' },
    policy,
  },
  details: [
    "A frame is an IOMMU group of several devices, which can only be handed over together. VFs and mediated devices of one parent are drawn together. The title has the name of the host and the time. The colours of svg follow the reader's preference for light or dark. svg requires the build for Node.js and the npm package @viz-js/viz (status 5 without them); dot requires nothing:",
    '    vfio-names graph --format dot | dot -Tsvg',
  ],
  load: async () => (await import('./commands/graph.ts')).run,
};

export const bind: Command = {
  name: 'bind',
  summary: 'give devices without a driver the driver that the policy defines',
  options: {
    'dry-run': {
      type: 'boolean',
      short: 'n',
      help: 'show what would be done; status 6 if there is something to do',
    },
    installed: {
      type: 'boolean',
      help: 'do nothing unless the installed rules for drivers are those of this policy; for the service',
    },
    policy,
  },
  details: [
    'Sets driver_override of all devices that match [[bind]] of the policy, then loads the drivers, and makes the kernel probe each device. A device is never taken from a driver that has it. An override that somebody else has set, a device for which driverctl has a file, and every bridge are left alone.',
    'The service vfio-names-bind.service runs this command at boot, before udev loads drivers; rules install makes it take effect. A device that is added later gets its driver from the rules of udev.',
  ],
  load: async () => (await import('./commands/bind.ts')).run,
};

export const watch: Command = {
  name: 'watch',
  summary: 'run as a service that keeps the links up to date without udev',
  options: {
    interval: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'time between two passes if no event arrives; 30 is the default',
    },
    metrics: {
      type: 'string',
      placeholder: 'FILE',
      help: 'write metrics for the textfile collector of Prometheus after each pass',
    },
    cdi: {
      type: 'string',
      placeholder: 'FILE',
      help: 'also keep a CDI specification up to date: a .json file in /etc/cdi or /var/run/cdi',
    },
    nfd: {
      type: 'string',
      placeholder: 'FILE',
      help: 'also keep a features file for Node Feature Discovery up to date; see vfio-names nfd',
    },
    alive: {
      type: 'boolean',
      help: 'with --metrics: check that the service that writes FILE is alive, and exit; for liveness probes',
    },
    bus: {
      type: 'string',
      placeholder: 'BUS',
      help: 'with --cdi: the devices of this bus; pci is the default',
    },
    interface: { ...cdiInterface, help: `with --cdi: ${cdiInterface.help}` },
    'whole-groups': { ...cdiGroups, help: `with --cdi: ${cdiGroups.help}` },
    kind: { ...cdiKind, help: `with --cdi: ${cdiKind.help}` },
    policy,
  },
  details: [
    'A link is created when its node appears in /dev/vfio/devices, and removed with the node.',
    'Runs until SIGTERM or SIGINT. SIGHUP reloads the policy; a policy with errors is rejected, and the previous one stays in use.',
    'With --json, prints a JSON document on one line for each change.',
    'The service never waits for a program that reads its output, nor for the service manager. Up to 256 KiB of each output are kept in memory; further lines are dropped, and their number is reported on stderr when lines can be written again.',
    'The file of --cdi is compared with the devices before the links are, and again after it was written. It is removed if there is no device, and when the service ends. It contains node names such as vfio3, which the kernel reuses: between such a change and the next pass the file is outdated, so check the device inside the container with vfio-names resolve NAME.',
    'The file of --nfd is written again when the devices change, and removed when the service ends.',
    'With --alive: exit status 0 if the last pass was at most three intervals (at least 60 seconds) ago, else 1. FILE and --interval must be those of the service.',
  ],
  load: async () => (await import('./commands/watch.ts')).run,
};
