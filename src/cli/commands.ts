/** The one table of commands: parsing, help, man pages and completions all read it. */
import type { Command, Option } from './command.ts';

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, Option>> = {
  root: { type: 'string', value: 'DIR', help: 'work on the tree below DIR: an image, a container, a test' },
  json: { type: 'boolean', help: 'print one JSON document; its schema is in the package' },
  quiet: { type: 'boolean', short: 'q', help: 'print no results, only errors; the exit status tells' },
  verbose: { type: 'boolean', short: 'v', help: 'say more on stderr' },
  'no-color': { type: 'boolean', help: 'no colour (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

const policy: Option = {
  type: 'string',
  value: 'FILE',
  help: 'use this policy file instead of the installed ones',
};

/** Of a CDI specification. */
const cdiInterface: Option = {
  type: 'string',
  value: 'WHICH',
  choices: ['cdev', 'group', 'auto'],
  help: 'nodes of devices with /dev/iommu, or of groups with /dev/vfio/vfio; auto takes cdev where there are both',
};
const cdiKind: Option = {
  type: 'string',
  value: 'KIND',
  help: 'VENDOR/CLASS; vfio-names.dev/BUS is the default',
};

const oneName = { label: 'NAME', min: 1, max: 1 } as const;
const manyNames = { label: 'NAME...', min: 1, max: Number.POSITIVE_INFINITY } as const;
const anyNames = { label: '[NAME...]', min: 0, max: Number.POSITIVE_INFINITY } as const;

export const commands: readonly Command[] = [
  {
    name: 'list',
    summary: 'all VFIO devices with their names and nodes',
    options: {
      bus: { type: 'string', value: 'BUS', help: 'only the devices of this bus: pci, mdev, ...' },
      long: { type: 'boolean', short: 'l', help: 'more columns: ids, NUMA node, owner' },
      policy,
    },
    load: async () => (await import('./commands/list.ts')).run,
  },
  {
    name: 'show',
    summary: 'everything that is known of one device',
    operands: oneName,
    options: { policy },
    load: async () => (await import('./commands/show.ts')).run,
  },
  {
    name: 'resolve',
    summary: 'the node of a device, checked by fstat',
    operands: oneName,
    options: {
      print: {
        type: 'string',
        value: 'WHAT',
        choices: ['node', 'link', 'devnum', 'syspath', 'group'],
        help: 'what to print; node is the default',
      },
      policy,
    },
    load: async () => (await import('./commands/resolve.ts')).run,
  },
  {
    name: 'plan',
    summary: 'what sync would change',
    options: { policy },
    details: ['Exit status 1 when something would change.'],
    load: async () => (await import('./commands/plan.ts')).run,
  },
  {
    name: 'sync',
    summary: 'make the names those that sysfs calls for',
    options: { policy },
    load: async () => (await import('./commands/sync.ts')).run,
  },
  {
    name: 'verify',
    summary: 'check every name and node against sysfs',
    operands: anyNames,
    options: { fix: { type: 'boolean', help: 'mend what sync can mend, then report the rest' }, policy },
    details: ['Exit status 1 on any finding.'],
    load: async () => (await import('./commands/verify.ts')).run,
  },
  {
    name: 'probe',
    summary: 'open devices, and say why when that fails',
    operands: anyNames,
    options: {
      all: { type: 'boolean', help: 'every VFIO device' },
      bind: { type: 'boolean', help: 'take the device and ask it for its regions and irqs; this resets it' },
      attach: { type: 'boolean', help: 'with --bind: attach it to an empty I/O address space, too' },
      group: { type: 'boolean', help: 'the same through the group and a container; this resets it, too' },
      'vf-token': { type: 'string', value: 'UUID', help: 'the token of a VF whose PF is on vfio-pci' },
      timeout: { type: 'string', value: 'SECONDS', help: 'how long each step may take; 5 is the default' },
      yes: { type: 'boolean', short: 'y', help: 'reset without a question' },
      policy,
    },
    details: [
      'Without --bind and --group nothing is claimed and nothing is reset.',
      'With several devices the worst status counts, in this order: 3, 5, 4, 1, 0.',
    ],
    load: async () => (await import('./commands/probe.ts')).run,
  },
  {
    name: 'holders',
    summary: 'which processes have a device open',
    operands: anyNames,
    options: { policy },
    details: [
      'Without NAME: those of every VFIO device. A device that is gone, but still held, is found by its vfioN, its devnum, or (Linux 6.18) its name.',
      'Exit status 0 whether or not anybody has it open; 4 when some processes may not be looked into, so that some may be missing.',
    ],
    load: async () => (await import('./commands/holders.ts')).run,
  },
  {
    name: 'doctor',
    summary: 'what this machine lacks for the names to work, and what to do',
    options: { policy },
    details: [
      'Exit status 1 when something is wrong; a machine without VFIO devices has warnings only, and 0.',
    ],
    load: async () => (await import('./commands/doctor.ts')).run,
  },
  {
    name: 'watch',
    summary: 'the service: keep the names true, where no udev does',
    options: {
      interval: { type: 'string', value: 'SECONDS', help: 'look so often at least; 30 is the default' },
      metrics: {
        type: 'string',
        value: 'FILE',
        help: 'figures for the textfile collector of Prometheus, after each look',
      },
      cdi: {
        type: 'string',
        value: 'FILE',
        help: 'keep a CDI specification true, too: a .json file in /etc/cdi or /var/run/cdi',
      },
      bus: { type: 'string', value: 'BUS', help: 'with --cdi: the devices of this bus; pci is the default' },
      interface: { ...cdiInterface, help: `with --cdi: ${cdiInterface.help}` },
      kind: { ...cdiKind, help: `with --cdi: ${cdiKind.help}` },
      policy,
    },
    details: [
      'Runs until SIGTERM or SIGINT; SIGHUP reads the policy anew, and a wrong one is refused.',
      'With --json: one line a change.',
      'The file of --cdi is compared with the devices ahead of the names, and once more after it was written. It is removed',
      'where there is no device, and at the end, since nobody keeps it true from then on. The kernel gives numbers anew, and',
      'between such a change and the next look the file is that of before: a container proves its device by verify.',
    ],
    load: async () => (await import('./commands/watch.ts')).run,
  },
  {
    name: 'exec',
    summary: 'run a program that has the devices open, each one proved',
    operands: manyNames,
    tail: 'CMD...',
    options: {
      iommu: { type: 'boolean', help: 'open /dev/iommu for it, too' },
      user: {
        type: 'string',
        value: 'USER',
        help: 'run it as this user of /etc/passwd, in the groups of /etc/group',
      },
      policy,
    },
    details: [
      'The descriptors are 3, 4, ... in the order of the NAMEs, then that of /dev/iommu. In the words of CMD,',
      '{fd:NAME} stands for the number of a device, {fd} for that of the only one, {iommufd} for that of /dev/iommu.',
      'VFIO_NAMES_FDS has them all: pci/0000:01:00.0=3 iommu=4',
      'No shell is involved, and only CMD has the devices open. SIGTERM, SIGHUP and SIGINT pass through; in the',
      'foreground of a terminal, which sends SIGINT to CMD itself, that one is not sent a second time.',
      "With --user, what CMD maps for the devices counts against that user's limit of locked memory: a virtual machine",
      'needs its RAM and some MiB (prlimit --memlock=BYTES before this command, LimitMEMLOCK= in a unit).',
      "Exit status: CMD's, 128+N where the signal N ended it, 127 where it is not there, 126 where it can't be run;",
      'before CMD is run, one of those below.',
    ],
    load: async () => (await import('./commands/exec.ts')).run,
  },
  {
    name: 'cdi',
    summary: 'a CDI specification of the devices, for podman, containerd, CRI-O and Docker',
    options: {
      bus: { type: 'string', value: 'BUS', help: 'the devices of this bus; pci is the default' },
      interface: cdiInterface,
      kind: cdiKind,
      annotate: {
        type: 'boolean',
        help: "add each device's IOMMU group and NUMA node; readers of CDI 0.6.0 and later only",
      },
      output: {
        type: 'string',
        value: 'FILE',
        help: 'a .json file in /etc/cdi or /var/run/cdi; - is stdout',
      },
    },
    details: [
      'One document has one kind and one bus: give each bus a file of its own. A device is called by its name:',
      'podman run --device vfio-names.dev/pci=0000:01:00.0',
      'FILE is replaced whole, and removed where there is no device: runtimes refuse an empty document. A file there of',
      'another kind is left alone. Numbers change: run it again when devices come or go.',
      'Exit status 1 when a device had to be left out; the others are there.',
    ],
    load: async () => (await import('./commands/cdi.ts')).run,
  },
  {
    name: 'nfd',
    summary: 'what this node has, as a features file for Node Feature Discovery of Kubernetes',
    options: {
      output: {
        type: 'string',
        value: 'FILE',
        help: 'a file in /etc/kubernetes/node-feature-discovery/features.d; - is stdout',
      },
    },
    details: [
      'The labels are vfio-names.dev/pci.count (each bus has its own), pci-0300_10de.count (class and vendor),',
      'mdev-TYPE.count, iommufd, and interface, which is cdev or group. What there is none of has no label.',
      'FILE is replaced whole. A file there that has other features is left alone.',
    ],
    load: async () => (await import('./commands/nfd.ts')).run,
  },
  {
    name: 'graph',
    summary: 'a picture of the devices: bridges, groups, drivers, names, and who has them open',
    options: {
      format: {
        type: 'string',
        value: 'FORMAT',
        choices: ['text', 'dot', 'svg'],
        help: "a tree of lines (the default), Graphviz's language, or a drawing",
      },
      all: { type: 'boolean', help: 'every PCI device, not only those of VFIO and of their groups' },
      policy,
    },
    details: [
      'The frames are IOMMU groups: what shares one is handed over together. VFs and mediated devices of one parent are',
      'gathered. For svg the npm package @viz-js/viz must be there (status 5 without it); dot needs none:',
      'vfio-names graph --format dot | dot -Tsvg',
    ],
    load: async () => (await import('./commands/graph.ts')).run,
  },
  {
    name: 'rules render',
    summary: 'the rules of the policy, for udev or busybox',
    options: {
      target: {
        type: 'string',
        value: 'TARGET',
        choices: ['udev', 'mdev', 'mdevd'],
        help: 'who reads them; udev is the default',
      },
      via: {
        type: 'string',
        value: 'WAY',
        choices: ['native', 'import', 'run'],
        help: 'who makes the links: udev alone where it can (native, the default), udev with names from vfio_id, or vfio_id',
      },
      policy,
    },
    load: async () => (await import('./commands/rules-render.ts')).run,
  },
  {
    name: 'rules check',
    summary: 'whether the rules that udev reads are those of the policy',
    options: { policy },
    details: ['Exit status 1 when they are not, with the reason.'],
    load: async () => (await import('./commands/rules-check.ts')).run,
  },
  {
    name: 'rules install',
    summary: 'write the rules of the policy to /etc/udev/rules.d and apply them',
    options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' }, policy },
    details: ['A file there that vfio-names did not make is never replaced.'],
    load: async () => (await import('./commands/rules-install.ts')).run,
  },
  {
    name: 'rules uninstall',
    summary: 'remove the rules that rules install wrote',
    options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' } },
    details: ['A file there that vfio-names did not make is never removed.'],
    load: async () => (await import('./commands/rules-uninstall.ts')).run,
  },
  {
    name: 'config check',
    summary: 'every mistake in the policy, with file, line and key',
    operands: { label: '[FILE...]', min: 0, max: Number.POSITIVE_INFINITY },
    details: [
      'Without FILE: the installed policy, /usr/lib/vfio-names/*.toml, /run/vfio-names/*.toml and /etc/vfio-names/*.toml.',
      'Exit status 2 on any mistake; warnings are told and change no status.',
    ],
    load: async () => (await import('./commands/config-check.ts')).run,
  },
  {
    name: 'config show',
    summary: 'the policy that holds, and which file gave each part',
    options: { policy },
    load: async () => (await import('./commands/config-show.ts')).run,
  },
  {
    name: 'config schema',
    summary: 'the JSON Schema of a policy file',
    load: async () => (await import('./commands/config-schema.ts')).run,
  },
];

/** Kept apart so that a command's own words stay short. */
export const operands = { oneName, manyNames, anyNames } as const;
