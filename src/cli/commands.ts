/** The table of commands in the order of the help; used by the parser, the help, the man pages and the completions. */
import { deviceStates } from '../links/state.ts';
import type { Command, Option } from './command.ts';
import { columnNames } from './list/column-names.ts';

/** Options of every command. */
export const commonOptions: Readonly<Record<string, Option>> = {
  root: {
    type: 'string',
    placeholder: 'DIR',
    help: 'use DIR as the root directory: an image, a container, a test; opens no device, and changes no owner or mode',
  },
  'host-root': {
    type: 'string',
    placeholder: 'DIR',
    help: "like --root, without its limits: DIR is this machine's own tree, as a container sees it",
  },
  json: { type: 'boolean', help: 'print one JSON document, also for an error; its schema is in the package' },
  quiet: { type: 'boolean', short: 'q', help: 'print only errors; the exit status shows the result' },
  verbose: { type: 'boolean', short: 'v', help: 'also print the code, path and cause of an error' },
  'no-color': { type: 'boolean', help: 'no colour (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  version: { type: 'boolean', short: 'V', help: 'print the version' },
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
  help: 'nodes of devices with /dev/iommu, or of groups with /dev/vfio/vfio; auto selects cdev if both exist',
};
const cdiGroups: Option = {
  type: 'boolean',
  help: 'each device has the nodes of all devices of its group that are bound to VFIO drivers',
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
  summary: 'check whether devices can be opened, and explain why not',
  operands: anyNames,
  options: {
    all: { type: 'boolean', help: 'every VFIO device' },
    bind: { type: 'boolean', help: 'claim the device and read its regions and interrupts; this resets it' },
    attach: { type: 'boolean', help: 'with --bind: also attach it to an empty I/O address space' },
    group: {
      type: 'boolean',
      help: 'claim it through its group and a container instead; this also resets it',
    },
    'vf-token': { type: 'string', placeholder: 'UUID', help: 'the token of a VF whose PF is on vfio-pci' },
    timeout: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'how long each step may take; 5 is the default',
    },
    yes: { type: 'boolean', short: 'y', help: 'reset without asking' },
    policy,
  },
  opensDevices: true,
  details: [
    'Without --bind and --group nothing is claimed and nothing is reset.',
    'With several devices, the exit status is the first of these that occurs: 3, 5, 4, 1, 0.',
  ],
  load: async () => (await import('./commands/probe.ts')).run,
};

const holders: Command = {
  name: 'holders',
  summary: 'list the processes that have a device open',
  operands: anyNames,
  options: { policy },
  details: [
    'Without NAME: for every VFIO device. A device that was removed but is still open is found by its vfioN, its device number, or (since Linux 6.18) its name.',
    'A process that only has the device mapped, a descriptor that KVM or vhost keeps, and a descriptor in transit through a socket are not visible.',
  ],
  load: async () => (await import('./commands/holders.ts')).run,
};

const doctor: Command = {
  name: 'doctor',
  summary: 'diagnose the VFIO setup of this machine, and suggest fixes',
  options: { policy },
  load: async () => (await import('./commands/doctor.ts')).run,
};

const graph: Command = {
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

export const exec: Command = {
  name: 'exec',
  summary: 'run a program that inherits the checked, open devices',
  operands: manyNames,
  commandArgs: 'CMD...',
  opensDevices: true,
  options: {
    iommu: { type: 'boolean', help: 'also open /dev/iommu for it' },
    interface: {
      type: 'string',
      placeholder: 'WHICH',
      choices: ['cdev', 'group'],
      help: 'open the nodes of the devices (cdev, the default), or those of their groups with /dev/vfio/vfio',
    },
    'no-fds': {
      type: 'boolean',
      help: 'check and open the nodes, but pass no descriptors: for a program that opens them itself',
    },
    user: {
      type: 'string',
      placeholder: 'USER',
      help: 'run it as this user of /etc/passwd, in the groups of /etc/group',
    },
    timeout: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'how long opening a device may take; 5 is the default',
    },
    policy,
  },
  details: [
    'The descriptors are 3, 4, ... in the order of the NAMEs, then that of /dev/iommu. In the arguments of CMD, {fd:NAME} stands for the descriptor of a device, {fd} for that of the only device, {iommufd} for that of /dev/iommu. VFIO_NAMES_FDS in its environment has them all:',
    '    pci/0000:01:00.0=3 iommu=4',
    'With --interface group, CMD gets one descriptor for each group, then that of a new container, /dev/vfio/vfio: {groupfd} stands for that of the only group, {groupfd:NAME} for that of the group of a device, {containerfd} for that of the container. With --iommu, /dev/iommu takes the place of the container. The group is not in the container yet: CMD calls VFIO_GROUP_SET_CONTAINER, VFIO_SET_IOMMU and VFIO_GROUP_GET_DEVICE_FD. VFIO_NAMES_FDS names each device:',
    '    groups/pci/0000:01:00.0=3 groups/pci/0000:01:00.1=3 container=4',
    'A group can be opened only once at a time. If a driver of the host has a member of the group, exec fails with status 1 and names that device. NAME+group and the names of groups stand for all devices of the group that are bound to VFIO drivers.',
    'QEMU opens the node of a group itself, which fails while another descriptor of it is open. For such a program, --no-fds checks everything, closes the nodes again and starts CMD without descriptors; with --user, owner and mode of the nodes must let that user open them.',
    'exec replaces itself with CMD (execve): the process id, the parent and the terminal stay the same, and no other process remains. Signals, job control and the exit status are those of CMD. No shell is involved.',
    'CMD starts with the descriptors 0, 1, 2 and these, and no others. Every signal has its default action, and none is blocked. The soft limit of open files is the one from before this program raised it (that of the parent process, or 1024 if the parent has another hard limit). The environment is unchanged: with --user, HOME, USER and similar variables are still those of the caller.',
    'With --user, CMD has the groups and ids of USER, no capability in any set, and an empty session keyring; exec checks each of them after it was set. It does not set no_new_privs, which would break set-user-ID helpers of CMD such as qemu-bridge-helper; put setpriv --no-new-privs before CMD for that. If there is a controlling terminal, a filter of system calls keeps CMD from typing into it (ioctl TIOCSTI and TIOCLINUX fail with EPERM); where exec may not set the filter and dev.tty.legacy_tiocsti is not 0, it does not start CMD.',
    'A node is opened only after its number was compared with sysfs. If the call does not return within --timeout, exec ends with status 1 and CMD is not started; if the kernel does not allow the call to be interrupted, the process stays until the call returns, and does not start CMD then either.',
    "With --user, what CMD maps for the devices counts against that user's limit of locked memory: a virtual machine needs its RAM and some MiB (prlimit --memlock=BYTES before this command, LimitMEMLOCK= in a unit).",
  ],
  load: async () => (await import('./commands/exec.ts')).run,
};

export const cdi: Command = {
  name: 'cdi',
  summary: 'print or write a CDI specification of the devices, for podman, containerd, CRI-O and Docker',
  options: {
    bus: { type: 'string', placeholder: 'BUS', help: 'the devices of this bus; pci is the default' },
    interface: cdiInterface,
    'whole-groups': cdiGroups,
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
    'One specification has one kind and one bus: give each bus a file of its own. Containers request a device by its name:',
    '    podman run --device vfio-names.dev/pci=0000:01:00.0 ...',
    'The devices of a group can only be handed over together. With --whole-groups, one device brings the others; if a driver of the host has a member of the group, its devices are skipped.',
    'FILE is replaced atomically, and removed if there is no device, because runtimes reject an empty specification. A file with another kind is left alone. The file contains node names such as vfio3, which the kernel reuses: run cdi again when devices are added or removed.',
  ],
  load: async () => (await import('./commands/cdi.ts')).run,
};

const nfd: Command = {
  name: 'nfd',
  summary: 'print or write a features file of this machine for Node Feature Discovery in Kubernetes',
  options: {
    output: {
      type: 'string',
      placeholder: 'FILE',
      help: 'a file in /etc/kubernetes/node-feature-discovery/features.d; - is stdout',
    },
  },
  details: [
    'The labels are vfio-names.dev/pci.count (each bus has its own), pci-0300_10de.count (class and vendor), mdev-TYPE.count, iommufd (true or false), and interface (cdev or group). A count of zero has no label.',
    'FILE is replaced atomically. A file that contains other features is left alone.',
  ],
  load: async () => (await import('./commands/nfd.ts')).run,
};

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
    'On a terminal, a row is shortened to fit on one line: UUIDs in the middle, then device descriptions, then whole columns. In a file or a pipe, nothing is shortened.',
    'Notes below the table say why a device has no node, and which groups cannot be used. If there are more than 256 groups, only doctor checks them.',
    'For a script, use --json, or --no-header with --columns: the default columns may change.',
  ],
  load: async () => (await import('./commands/list.ts')).run,
};

const show: Command = {
  name: 'show',
  summary: 'show all details of one device',
  operands: oneName,
  options: { policy },
  details: [
    'Begins with warnings about what prevents the use of the device. With --json, facts have the same names as in a policy.',
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
    'The node is opened without following links, its number is compared with sysfs, and sysfs is read again. The node of a group, /dev/vfio/14, is compared in the same way; then the device must still be a member of the group, and bound to a VFIO driver. For name, syspath and group, which do not depend on the node, auto is the default.',
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
  load: async () => (await import('./commands/verify.ts')).run,
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

const rulesRender: Command = {
  name: 'rules render',
  summary: 'print the rules of the policy, for udev or busybox',
  options: {
    target: {
      type: 'string',
      placeholder: 'TARGET',
      choices: ['udev', 'mdev', 'mdevd'],
      help: 'the program that reads them; udev is the default',
    },
    via: {
      type: 'string',
      placeholder: 'WAY',
      choices: ['native', 'import', 'run'],
      help: 'what creates the links: udev alone where possible (native, the default), udev with names from vfio_id (import), or vfio_id (run)',
    },
    bind: { type: 'boolean', help: 'the rules for drivers, [[bind]]; nothing if the policy has none' },
    policy,
  },
  load: async () => (await import('./commands/rules.ts')).runRulesRender,
};

const rulesCheck: Command = {
  name: 'rules check',
  summary: 'check whether the rules that udev reads match the policy',
  options: { policy },
  details: ['If they do not, prints the reason and exits with status 1.'],
  load: async () => (await import('./commands/rules.ts')).runRulesCheck,
};

const rulesInstall: Command = {
  name: 'rules install',
  summary: 'write the rules of the policy to /etc/udev/rules.d and apply them',
  options: {
    'dry-run': { type: 'boolean', short: 'n', help: 'show what would change as a diff' },
    yes: {
      type: 'boolean',
      short: 'y',
      help: 'do not ask before rules for drivers of devices that the host uses are installed',
    },
    policy,
  },
  details: [
    'A file that vfio-names did not write is never replaced.',
    'If the policy has rules for drivers ([[bind]]), they are in a file of their own, 60-vfio-names-bind.rules. Before it changes, rules install lists the devices that get another driver, and asks if the host uses one of them: a mounted file system or swap space on it, a network interface that is up, the graphics card of the console. Without a terminal, that is an error unless --yes is given.',
  ],
  load: async () => (await import('./commands/rules.ts')).runRulesInstall,
};

const rulesUninstall: Command = {
  name: 'rules uninstall',
  summary: 'remove the rules that rules install wrote',
  options: { 'dry-run': { type: 'boolean', short: 'n', help: 'show what would change as a diff' } },
  details: ['A file that vfio-names did not write is never removed.'],
  load: async () => (await import('./commands/rules.ts')).runRulesUninstall,
};

const configCheck: Command = {
  name: 'config check',
  summary: 'report every error in the policy, with file, line and key',
  operands: { label: '[FILE...]', min: 0, max: Number.POSITIVE_INFINITY },
  details: [
    'Without FILE: the installed policy, /usr/lib/vfio-names/*.toml, /run/vfio-names/*.toml and /etc/vfio-names/*.toml.',
    'Warns about patterns that match no value, aliases that two files define, accounts that udev 258 and 259 ignore, and files that are ignored because of their name. Notes name the rules that fit no device of this machine, and the names that several devices would get.',
  ],
  load: async () => (await import('./commands/config.ts')).runConfigCheck,
};

const configShow: Command = {
  name: 'config show',
  summary: 'print the policy in effect, and the file that each part comes from',
  options: { policy },
  load: async () => (await import('./commands/config.ts')).runConfigShow,
};

const configSchema: Command = {
  name: 'config schema',
  summary: 'print the JSON Schema of a policy file',
  load: async () => (await import('./commands/config.ts')).runConfigSchema,
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
  bind,
  rulesRender,
  rulesCheck,
  rulesInstall,
  rulesUninstall,
  configCheck,
  configShow,
  configSchema,
];
