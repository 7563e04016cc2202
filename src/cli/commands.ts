/** The table of commands in the order of the help; used by the parser, the help, the man pages and the completions. */
import type { Command, Option } from './command.ts';

/** Options of every command. */
export const commonOptions: Readonly<Record<string, Option>> = {
  root: {
    type: 'string',
    placeholder: 'DIR',
    help: 'work on the tree below DIR: an image, a container, a test; no device is opened, no owner or mode changed',
  },
  'host-root': {
    type: 'string',
    placeholder: 'DIR',
    help: "as --root, where DIR is this machine's own tree, as a container sees it; may do what is done without --root",
  },
  json: { type: 'boolean', help: 'print one JSON document; its schema is in the package' },
  quiet: { type: 'boolean', short: 'q', help: 'print no results, only errors; the exit status tells' },
  verbose: { type: 'boolean', short: 'v', help: 'of an error tell its code, path and cause, too' },
  'no-color': { type: 'boolean', help: 'no colour (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

/** --policy, for every command that reads the policy. */
export const policy: Option = {
  type: 'string',
  placeholder: 'FILE',
  help: 'use this policy file instead of the installed ones',
};

/** --interface and --kind, for `cdi` and `watch`. */
const cdiInterface: Option = {
  type: 'string',
  placeholder: 'WHICH',
  choices: ['cdev', 'group', 'auto'],
  help: 'nodes of devices with /dev/iommu, or of groups with /dev/vfio/vfio; auto takes cdev where there are both',
};
const cdiKind: Option = {
  type: 'string',
  placeholder: 'KIND',
  help: 'VENDOR/CLASS; vfio-names.dev/BUS is the default',
};

const oneName = { label: 'NAME', min: 1, max: 1 } as const;
const manyNames = { label: 'NAME...', min: 1, max: Number.POSITIVE_INFINITY } as const;
const anyNames = { label: '[NAME...]', min: 0, max: Number.POSITIVE_INFINITY } as const;

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
  opensDevices: true,
  details: [
    'Without --bind and --group nothing is claimed and nothing is reset.',
    'With several devices the worst status counts, in this order: 3, 5, 4, 1, 0.',
  ],
  load: async () => (await import('./commands/probe.ts')).run,
};

const holders: Command = {
  name: 'holders',
  summary: 'which processes have a device open',
  operands: anyNames,
  options: { policy },
  details: [
    'Without NAME: those of every VFIO device. A device that is gone, but still held, is found by its vfioN, its device number, or (since Linux 6.18) its name.',
    'A process that only has the device mapped, a descriptor that KVM or vhost keeps, and one that is on its way through a socket can not be seen.',
    'Exit status 0 whether or not anybody has it open; 4 when some or all processes can not be looked into, so that some may be missing.',
  ],
  load: async () => (await import('./commands/holders.ts')).run,
};

const doctor: Command = {
  name: 'doctor',
  summary: 'what this machine lacks for the names to work, and what to do',
  options: { policy },
  details: ['Exit status 1 on any error. A warning alone is 0, as on a machine without VFIO devices.'],
  load: async () => (await import('./commands/doctor.ts')).run,
};

const graph: Command = {
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
  load: async () => (await import('./commands/graph.ts')).run,
};

export const exec: Command = {
  name: 'exec',
  summary: 'run a program that has the devices open, each one proved',
  operands: manyNames,
  commandArgs: 'CMD...',
  opensDevices: true,
  options: {
    iommu: { type: 'boolean', help: 'open /dev/iommu for it, too' },
    user: {
      type: 'string',
      placeholder: 'USER',
      help: 'run it as this user of /etc/passwd, in the groups of /etc/group',
    },
    timeout: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'how long the open of a device may take; 5 is the default',
    },
    policy,
  },
  details: [
    'The descriptors are 3, 4, ... in the order of the NAMEs, then that of /dev/iommu. In the words of CMD, {fd:NAME} stands for the descriptor of a device, {fd} for that of the only one, {iommufd} for that of /dev/iommu. VFIO_NAMES_FDS in its environment has them all:',
    '    pci/0000:01:00.0=3 iommu=4',
    'exec becomes CMD (execve), which keeps its process id, parent and terminal: signals, job control and the exit status are those of CMD, and no other process stays. No shell is involved.',
    'CMD starts with 0, 1, 2 and these descriptors and with no others, with every signal at its default action and none blocked, and with the soft limit of open files from before Node raised it (that of the parent process, or 1024 where the parent has another hard limit). The environment is as it was: with --user, HOME and its like are still those of before.',
    'With --user, CMD has the groups and ids of USER, no capability in any set, and an empty session keyring, each read back after it was set. It does not set no_new_privs, which would break set-user-ID helpers of CMD such as qemu-bridge-helper; put setpriv --no-new-privs before CMD for that. If there is a controlling terminal, a filter of system calls keeps CMD from typing into it (ioctl TIOCSTI and TIOCLINUX fail with EPERM); where exec may not set the filter and dev.tty.legacy_tiocsti is not 0, it does not start CMD.',
    'A node is opened only after its number was compared with sysfs. If the open does not return within --timeout, exec ends with status 1 and CMD is not started; a call that the kernel does not let anyone interrupt keeps the process until it returns, also then without CMD.',
    "With --user, what CMD maps for the devices counts against that user's limit of locked memory: a virtual machine needs its RAM and some MiB (prlimit --memlock=BYTES before this command, LimitMEMLOCK= in a unit).",
    "Exit status: CMD's; 127 if CMD does not exist, 126 if it cannot be executed; before CMD is executed, one of those below.",
  ],
  load: async () => (await import('./commands/exec.ts')).run,
};

export const cdi: Command = {
  name: 'cdi',
  summary: 'a CDI specification of the devices, for podman, containerd, CRI-O and Docker',
  options: {
    bus: { type: 'string', placeholder: 'BUS', help: 'the devices of this bus; pci is the default' },
    interface: cdiInterface,
    kind: cdiKind,
    annotate: {
      type: 'boolean',
      help: "add each device's IOMMU group and NUMA node; readers of CDI 0.6.0 and later only",
    },
    output: {
      type: 'string',
      placeholder: 'FILE',
      help: 'a .json file in /etc/cdi or /var/run/cdi; - is stdout',
    },
  },
  details: [
    'One specification has one kind and one bus: give each bus a file of its own. A device is called by its name:',
    '    podman run --device vfio-names.dev/pci=0000:01:00.0 ...',
    'FILE is replaced whole, and removed where there is no device: runtimes refuse an empty one. A file there of another kind is left alone. It says vfioN, and N changes: run it again when devices come or go.',
    'Exit status 1 when a device had to be left out; the others are there.',
  ],
  load: async () => (await import('./commands/cdi.ts')).run,
};

const nfd: Command = {
  name: 'nfd',
  summary: 'what this machine has, as a features file for Node Feature Discovery of Kubernetes',
  options: {
    output: {
      type: 'string',
      placeholder: 'FILE',
      help: 'a file in /etc/kubernetes/node-feature-discovery/features.d; - is stdout',
    },
  },
  details: [
    'The labels are vfio-names.dev/pci.count (each bus has its own), pci-0300_10de.count (class and vendor), mdev-TYPE.count, iommufd (true or false), and interface (cdev or group). What there is none of has no label.',
    'FILE is replaced whole. A file there that has other features is left alone.',
  ],
  load: async () => (await import('./commands/nfd.ts')).run,
};

export const list: Command = {
  name: 'list',
  summary: 'all VFIO devices with their names and nodes',
  options: {
    bus: {
      type: 'string',
      placeholder: 'BUS',
      help: 'only the devices of this bus: pci, mdev, ...; status 3 if it has none',
    },
    long: { type: 'boolean', short: 'l', help: 'more columns: ids, NUMA node, owner' },
    policy,
  },
  load: async () => (await import('./commands/list.ts')).run,
};

const show: Command = {
  name: 'show',
  summary: 'everything that is known of one device',
  operands: oneName,
  options: { policy },
  load: async () => (await import('./commands/show.ts')).run,
};

export const resolve: Command = {
  name: 'resolve',
  summary: 'the node of a device, checked by fstat',
  operands: oneName,
  options: {
    print: {
      type: 'string',
      placeholder: 'WHAT',
      choices: ['node', 'link', 'name', 'devnum', 'syspath', 'group'],
      help: 'what to print; node is the default, name is the PCI address or UUID that libvirt and Proxmox take',
    },
    policy,
  },
  load: async () => (await import('./commands/resolve.ts')).run,
};

export const plan: Command = {
  name: 'plan',
  summary: 'what sync would change',
  options: { policy },
  details: [
    'Lists the links that would change, the nodes whose owner, group or mode would change, and the names that several devices claim.',
    'Exit status 1 when something would change, something is in the way of a name, or a device gets no name.',
  ],
  load: async () => (await import('./commands/plan.ts')).run,
};

export const sync: Command = {
  name: 'sync',
  summary: 'make the names those that sysfs calls for',
  options: { policy },
  details: [
    'What is right already stays as it is. What vfio-names did not make is left alone and reported, with exit status 1.',
    'A name is true or absent: a device whose node is not in /dev/vfio/devices, as in a container that got only some of them, has none, and one line on the standard error output says so. The exit status is 1 then, and for a name that several devices claim.',
    'The owner, group and mode that [[access]] gives to a node are taken back when no rule gives them any more, unless somebody else has changed them since.',
  ],
  load: async () => (await import('./commands/sync.ts')).run,
};

export const verify: Command = {
  name: 'verify',
  summary: 'check every name and node against sysfs',
  operands: anyNames,
  options: { fix: { type: 'boolean', help: 'fix what sync can fix, then report the rest' }, policy },
  details: ['Exit status 1 on any finding.'],
  load: async () => (await import('./commands/verify.ts')).run,
};

const rulesRender: Command = {
  name: 'rules render',
  summary: 'the rules of the policy, for udev or busybox',
  options: {
    target: {
      type: 'string',
      placeholder: 'TARGET',
      choices: ['udev', 'mdev', 'mdevd'],
      help: 'who reads them; udev is the default',
    },
    via: {
      type: 'string',
      placeholder: 'WAY',
      choices: ['native', 'import', 'run'],
      help: 'who makes the links: udev alone where it can (native, the default), udev with names from vfio_id, or vfio_id',
    },
    policy,
  },
  load: async () => (await import('./commands/rules.ts')).runRulesRender,
};

const rulesCheck: Command = {
  name: 'rules check',
  summary: 'whether the rules that udev reads are those of the policy',
  options: { policy },
  details: ['Exit status 1 when they are not, with the reason.'],
  load: async () => (await import('./commands/rules.ts')).runRulesCheck,
};

const rulesInstall: Command = {
  name: 'rules install',
  summary: 'write the rules of the policy to /etc/udev/rules.d and apply them',
  options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' }, policy },
  details: ['A file there that vfio-names did not make is never replaced.'],
  load: async () => (await import('./commands/rules.ts')).runRulesInstall,
};

const rulesUninstall: Command = {
  name: 'rules uninstall',
  summary: 'remove the rules that rules install wrote',
  options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' } },
  details: ['A file there that vfio-names did not make is never removed.'],
  load: async () => (await import('./commands/rules.ts')).runRulesUninstall,
};

const configCheck: Command = {
  name: 'config check',
  summary: 'every mistake in the policy, with file, line and key',
  operands: { label: '[FILE...]', min: 0, max: Number.POSITIVE_INFINITY },
  details: [
    'Without FILE: the installed policy, /usr/lib/vfio-names/*.toml, /run/vfio-names/*.toml and /etc/vfio-names/*.toml.',
    'Warns about patterns that no value has, aliases that two files define, accounts that udev 258 and 259 ignore, and files that are ignored because of their name. Notes name the rules that fit no device of this machine, and the names that several devices would get.',
    'Exit status 2 on any mistake; warnings and notes change no status.',
  ],
  load: async () => (await import('./commands/config.ts')).runConfigCheck,
};

const configShow: Command = {
  name: 'config show',
  summary: 'the policy that holds, and which file gave each part',
  options: { policy },
  load: async () => (await import('./commands/config.ts')).runConfigShow,
};

const configSchema: Command = {
  name: 'config schema',
  summary: 'the JSON Schema of a policy file',
  load: async () => (await import('./commands/config.ts')).runConfigSchema,
};

export const watch: Command = {
  name: 'watch',
  summary: 'the service: keep the names true, where no udev does',
  options: {
    interval: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'look at least so often, whatever is heard; 30 is the default',
    },
    metrics: {
      type: 'string',
      placeholder: 'FILE',
      help: 'figures for the textfile collector of Prometheus, after each look',
    },
    cdi: {
      type: 'string',
      placeholder: 'FILE',
      help: 'keep a CDI specification true, too: a .json file in /etc/cdi or /var/run/cdi',
    },
    bus: {
      type: 'string',
      placeholder: 'BUS',
      help: 'with --cdi: the devices of this bus; pci is the default',
    },
    interface: { ...cdiInterface, help: `with --cdi: ${cdiInterface.help}` },
    kind: { ...cdiKind, help: `with --cdi: ${cdiKind.help}` },
    policy,
  },
  details: [
    'A name comes when its node is in /dev/vfio/devices and goes with it.',
    'Runs until SIGTERM or SIGINT; SIGHUP reads the policy anew, and a wrong one is refused.',
    'With --json: a JSON document on one line for each change.',
    'The service never waits for a reader of its output, nor for the service manager: up to 256 KiB of each output wait in memory, further lines are dropped, and their number is reported on stderr once lines can be written again.',
    'The file of --cdi is compared with the devices ahead of the names, and once more after it was written. It is removed where there is no device, and at the end, since nobody keeps it true from then on. It says vfioN, and the kernel gives N anew: between such a change and the next look the file is that of before, so a container proves its device by resolve.',
  ],
  load: async () => (await import('./commands/watch.ts')).run,
};

export const commands: readonly Command[] = [
  list,
  show,
  resolve,
  plan,
  sync,
  verify,
  probe,
  holders,
  doctor,
  watch,
  exec,
  cdi,
  nfd,
  graph,
  rulesRender,
  rulesCheck,
  rulesInstall,
  rulesUninstall,
  configCheck,
  configShow,
  configSchema,
];
