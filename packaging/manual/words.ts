/** Texts of the man pages that are not in the command table: forms of NAME, exit statuses, files, examples. Tests compare them with the program. */

export const nameForms: readonly (readonly [form: string, meaning: string])[] = [
  [
    '0000:01:00.0',
    'the name of the device on its bus; a UUID for a mediated device, or at least four of its first digits',
  ],
  [
    '01:00.0',
    'a PCI address without its domain; the notations of lspci, nvidia-smi and libvirt (pci_0000_01_00_0) are understood, too',
  ],
  ['pci/0000:01:00.0', 'the bus and the name, or any other link below /dev/vfio, such as by-alias/gpu'],
  ['vfio3', "the kernel's name of the node, which may change at the next boot"],
  ['247:3', 'the device number of the node, MAJOR:MINOR'],
  [
    '/dev/vfio/14',
    'an IOMMU group, as group:14, a link below /dev/vfio/groups or a directory in sysfs, too: its device that is bound to a VFIO driver, or all of them where a command accepts several',
  ],
  ['0000:01:00.0+group', 'any of these and +group: all devices of its group that are bound to VFIO drivers'],
  ['/dev/vfio/pci/0000:01:00.0', 'the path of a node, of a link or of a directory in sysfs'],
];

/** Keys that have the same meaning in every document of --json. */
export const jsonKeys: readonly (readonly [keys: string, meaning: string])[] = [
  ['bus, name', 'the bus of a device, and the name of the device on it, as in sysfs'],
  ['node, nodePath', 'vfioN, and the path of the checked node'],
  ['link, links, directory', 'absolute paths below /dev/vfio'],
  ['syspath', "the device's directory in sysfs, /sys/devices/..."],
  ['file', 'the path of any other file'],
  ['path, device', 'facts: the PCI path, as in by-path, and the PCI device ID'],
  ['requested', 'the NAME as given'],
  ['group, fileGroup', 'the number of the IOMMU group, and the group that owns the node'],
];

export const environment: readonly (readonly [variable: string, meaning: string])[] = [
  ['COLUMNS', 'the width to which text on a terminal is fitted, instead of the width of the terminal'],
  ['NO_COLOR', 'if it is set and not empty, the output has no colour'],
  ['TERM', 'if it is dumb, the output has no colour'],
  ['SOURCE_DATE_EPOCH', 'the time in the title of graph, in seconds since 1970, instead of the present time'],
];

export const files: readonly (readonly [path: string, meaning: string])[] = [
  ['/dev/vfio/BUS/NAME', 'the names: links to ../devices/vfioN'],
  ['/dev/vfio/groups/BUS/NAME', 'the names of groups: links to ../../GROUP'],
  ['/dev/vfio/devices/vfioN', 'the nodes of the devices, created by the kernel'],
  ['/sys/class/vfio-dev', 'the VFIO devices in sysfs, against which every name is checked'],
  [
    '/etc/vfio-names/*.toml, /run/vfio-names/*.toml, /usr/lib/vfio-names/*.toml',
    'the policy; see vfio-names.toml(5)',
  ],
  [
    '/etc/udev/rules.d/70-vfio-names.rules',
    'the udev rules of the policy, written by vfio-names rules install',
  ],
  [
    '/usr/lib/udev/rules.d/70-vfio-names.rules',
    'the udev rules of the package, which the rules of the policy replace',
  ],
  ['/usr/lib/udev/vfio_id', 'the helper that rules run for facts that udev cannot read; see vfio_id(8)'],
];

/** Example command lines and their descriptions, by command. */
export const examples: Readonly<Record<string, readonly (readonly [line: string, meaning: string])[]>> = {
  list: [
    ['vfio-names', 'List all VFIO devices:'],
    ['vfio-names list --bus pci --json', 'Print the PCI devices as JSON, for a program:'],
  ],
  show: [['vfio-names show 01:00.0', 'Print all facts of one device:']],
  resolve: [
    ['vfio-names resolve 0000:01:00.0', 'Print the node of a device, for a script:'],
    ['vfio-names resolve --print devnum vfio3', 'Print the device number of a node:'],
    ['vfio-names resolve --print name vfio3', 'Print the address, for libvirt, Proxmox, DPDK or SPDK:'],
  ],
  plan: [['vfio-names plan --root /mnt/image', 'Print what sync would change in an image:']],
  sync: [['vfio-names sync', 'Create the links once on a host without udev:']],
  verify: [['vfio-names verify --quiet', 'Check all links and nodes, and report only by the exit status:']],
  probe: [
    ['vfio-names probe --all', 'Check that every device can be opened, without an effect on the devices:'],
    ['vfio-names probe --bind --yes 0000:01:00.0', 'Bind a device as a VMM does, which resets it:'],
  ],
  holders: [['vfio-names holders 0000:01:00.0', 'List the processes that have a device open:']],
  doctor: [['vfio-names doctor', 'Check the VFIO setup of the host:']],
  exec: [
    [
      'vfio-names exec --iommu 0000:01:00.0 -- ./vmm --device-fd {fd} --iommu-fd {iommufd}',
      'Run a program that inherits the open device:',
    ],
  ],
  cdi: [
    [
      'vfio-names cdi --output /etc/cdi/vfio-names-pci.json',
      'Write a CDI specification of the PCI devices, for podman and other runtimes:',
    ],
  ],
  nfd: [
    [
      'vfio-names nfd --output /etc/kubernetes/node-feature-discovery/features.d/vfio-names',
      'Write the features of the host for Node Feature Discovery:',
    ],
  ],
  graph: [
    ['vfio-names graph', 'Draw the devices, their IOMMU groups and the processes that have them open:'],
  ],
  watch: [
    [
      'vfio-names watch --metrics /var/lib/node_exporter/vfio.prom',
      'Keep the links up to date, and write metrics for Prometheus:',
    ],
  ],
  bind: [
    ['vfio-names bind --dry-run', 'Show which devices the rules for drivers match, and the state of each:'],
  ],
  'rules render': [['vfio-names rules render --target mdev', 'Print the lines for mdev of BusyBox:']],
  'rules check': [['vfio-names rules check', 'Check whether the installed rules are those of the policy:']],
  'rules install': [
    ['vfio-names rules install --dry-run', 'Print what rules install would change, as a diff:'],
  ],
  'rules uninstall': [
    [
      'vfio-names rules uninstall',
      'Remove the rules of the policy, so that the rules of the package apply again:',
    ],
  ],
  'config check': [['vfio-names config check ./10-gpu.toml', 'Check a file before it is installed:']],
  'config show': [['vfio-names config show', 'Print the policy and the file that defines each part:']],
  'config schema': [['vfio-names config schema', 'Print the JSON Schema, for an editor:']],
};

export const policyExample = `[names]
by-path = true

[names.by-alias]
gpu = "0000:01:00.0"

[[link]]
match = { bus = "pci", vendor = "0x10de" }
name = "by-sriov/{{pf}}/vf{{vf}}"

[[bind]]
match = { name = "0000:01:00.0" }

[[access]]
match = { bus = "pci", driver = "vfio-pci" }
group = "kvm"
mode = "0660"
`;
