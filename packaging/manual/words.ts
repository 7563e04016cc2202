/** Texts of the man pages that are not in the command table: name forms, exit statuses, files, examples. Tests compare them with the program. */

/** The same texts as in the help; see cli/usage.ts. */
export const exitStatuses: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'fine'],
  [1, 'findings'],
  [2, 'usage or policy error'],
  [3, 'no such device'],
  [4, 'not permitted'],
  [5, 'this kernel cannot (no cdev, no iommufd)'],
];

export const nameForms: readonly (readonly [form: string, meaning: string])[] = [
  ['0000:01:00.0', 'the name of the device on its bus; a UUID for a mediated device'],
  ['01:00.0', 'a PCI address without its domain'],
  ['pci/0000:01:00.0', 'bus and name, or any other name below /dev/vfio, such as by-alias/gpu'],
  ['vfio3', "the kernel's node, which changes from boot to boot"],
  ['247:3', 'the device number of the node, MAJOR:MINOR'],
  ['/dev/vfio/pci/0000:01:00.0', 'the path of a node, of a link or of a sysfs directory'],
];

/** Keys of --json that every document shares. */
export const jsonKeys: readonly (readonly [keys: string, meaning: string])[] = [
  ['bus, name', 'a device: its bus, and its name there as sysfs has it'],
  ['node, nodePath', 'vfioN, and the path of the node that was checked'],
  ['link, links, directory', 'whole paths below /dev/vfio'],
  ['syspath', "the device's directory, /sys/devices/..."],
  ['file', 'the path of anything else'],
  ['path, device', 'facts: the PCI path, as by-path has it, and the PCI device id'],
  ['asked', 'the NAME as it was given'],
  ['group, fileGroup', 'the number of the IOMMU group, and the group that owns the node'],
];

export const environment: readonly (readonly [variable: string, meaning: string])[] = [
  ['NO_COLOR', 'no colour where it is set and not empty'],
  ['TERM', 'no colour where it is dumb'],
];

export const files: readonly (readonly [path: string, meaning: string])[] = [
  ['/dev/vfio/BUS/NAME', 'the names: links to ../devices/vfioN'],
  ['/dev/vfio/devices/vfioN', 'the nodes of the devices; the kernel makes them'],
  ['/sys/class/vfio-dev', 'what the kernel says of the devices; everything is checked against it'],
  [
    '/etc/vfio-names/*.toml, /run/vfio-names/*.toml, /usr/lib/vfio-names/*.toml',
    'the policy; see vfio-names.toml(5)',
  ],
  ['/etc/udev/rules.d/70-vfio-names.rules', 'the rules of the policy, written by vfio-names rules install'],
  [
    '/usr/lib/udev/rules.d/70-vfio-names.rules',
    'the rules of the package, which those of the policy override',
  ],
  ['/usr/lib/udev/vfio_id', 'the program that rules call for facts which udev does not know; see vfio_id(8)'],
];

/** Example command lines and their descriptions, by command. */
export const examples: Readonly<Record<string, readonly (readonly [line: string, meaning: string])[]>> = {
  list: [
    ['vfio-names', 'All VFIO devices of this machine.'],
    ['vfio-names list --bus pci --json', 'The PCI devices, for a program.'],
  ],
  show: [['vfio-names show 01:00.0', 'Everything that is known of one device.']],
  resolve: [
    ['vfio-names resolve 0000:01:00.0', 'The node of a device, for a script.'],
    ['vfio-names resolve --print devnum vfio3', 'Its device number.'],
  ],
  plan: [['vfio-names plan --root /mnt/image', 'What sync would change in an image.']],
  sync: [['vfio-names sync', 'Make the names once, where no udev does.']],
  verify: [['vfio-names verify --quiet', 'Whether all is well, by the exit status alone.']],
  probe: [
    ['vfio-names probe --all', 'Open every device, without any effect on it.'],
    ['vfio-names probe --bind --yes 0000:01:00.0', 'Take the device as a VMM does; this resets it.'],
  ],
  holders: [['vfio-names holders 0000:01:00.0', 'Who has the device open.']],
  doctor: [['vfio-names doctor', 'What this machine lacks.']],
  exec: [
    [
      'vfio-names exec --iommu 0000:01:00.0 -- ./vmm --device-fd {fd} --iommu-fd {iommufd}',
      'A program that gets the open device.',
    ],
  ],
  cdi: [['vfio-names cdi --output /etc/cdi/vfio-names-pci.json', 'The PCI devices, for podman and others.']],
  nfd: [
    [
      'vfio-names nfd --output /etc/kubernetes/node-feature-discovery/features.d/vfio-names',
      'What Node Feature Discovery shall know of this machine.',
    ],
  ],
  graph: [['vfio-names graph', 'What lies where, and who has it open.']],
  watch: [
    [
      'vfio-names watch --metrics /var/lib/node_exporter/vfio.prom',
      'Keep the names true and write figures for Prometheus.',
    ],
  ],
  'rules render': [['vfio-names rules render --target mdev', 'The lines for the mdev of busybox.']],
  'rules check': [['vfio-names rules check', 'Whether rules install is called for.']],
  'rules install': [['vfio-names rules install --dry-run', 'What would change, as a diff.']],
  'rules uninstall': [['vfio-names rules uninstall', 'Back to the rules of the package.']],
  'config check': [['vfio-names config check ./10-gpu.toml', 'Check a file before it is installed.']],
  'config show': [['vfio-names config show', 'Which file gave which part.']],
  'config schema': [['vfio-names config schema', 'The schema, for an editor.']],
};

/** Descriptions of the policy keys by their path in the schema; the schema itself describes the facts. */
export const policyKeyTexts: Readonly<Record<string, string>> = {
  scheme:
    'The number of the naming scheme: 1, which is the default. The names of a scheme never change; a later one gets another number.',
  names: 'Ready-made families of names. All are off by default.',
  'names.by-tag':
    'by-tag/pci-0000_01_00_0: without colons and dots, for programs that split a path at a colon.',
  'names.by-path':
    'by-path/pci0000_00-06.0-00.0: the PCI path without bus numbers, which survives added cards.',
  'names.by-sriov': 'by-sriov/PF/vfN: the virtual functions by the address of their physical function.',
  'names.by-group': 'by-group/GROUP/BUS-NAME: the devices of each IOMMU group.',
  'names.by-slot': 'by-slot/SLOT.FUNCTION: the physical slot.',
  'names.by-serial': 'by-serial/SERIAL.FUNCTION: the serial number of the card.',
  'names.by-alias':
    'Own names: each key is a name below by-alias, its value a table of facts that the device must fit.',
  link: 'A name for each device that fits; write the table as often as names are wanted.',
  'link.match': 'The facts that a device must fit; every device fits without it.',
  'link.name':
    'The name below /dev/vfio: a directory that begins with by-, and then text with facts in double braces, as {{pf}}. {{lower FACT}} makes small letters, {{pad FACT 3}} fills with zeros, {{replace FACT "a" "b"}} replaces text. A device that lacks one of the facts gets no such name.',
  'link.priority':
    'Of two devices that want one name the higher priority has it, then the lower device name. 0 without it.',
  access:
    'Who may open the nodes of the devices that fit. Of several that fit, the last one wins, key by key.',
  'access.match': 'The facts that a device must fit; every device fits without it.',
  'access.owner': 'A user name, or a number in quotes.',
  'access.group': 'A group name, or a number in quotes; without a mode the node gets 0660.',
  'access.mode': 'Four octal digits in quotes, such as "0660"; a node is never writable by others.',
  iommu:
    'Who may open /dev/iommu, without which a node is of no use. Without this table it is given to the one group of all access rules, or to their one owner where none names a group; where they differ it stays as it is, and config check says so.',
  'iommu.owner': 'A user name, or a number in quotes.',
  'iommu.group': 'A group name, or a number in quotes.',
  'iommu.mode': 'Four octal digits in quotes, such as "0660".',
};

export const policyExample = `[names]
by-path = true

[names.by-alias]
gpu = { name = "01:00.0" }

[[link]]
match = { bus = "pci", vendor = "0x10de" }
name = "by-sriov/{{pf}}/vf{{vf}}"

[[access]]
match = { bus = "pci", driver = "vfio-pci" }
group = "kvm"
mode = "0660"
`;
