/** The commands for those who use devices: who has one open, whether it can be opened, and how it is handed over. */
import type { Command } from './command.ts';
import { anyNames, cdiGroups, cdiInterface, cdiKind, manyNames, policy } from './command-options.ts';

export const probe: Command = {
  name: 'probe',
  summary: 'check whether devices can be opened, and explain why not',
  operands: anyNames,
  options: {
    all: { type: 'boolean', help: 'probe every VFIO device' },
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

export const holders: Command = {
  name: 'holders',
  summary: 'list the processes that have a device open',
  operands: anyNames,
  options: { policy },
  details: [
    'Without NAME, lists those of every VFIO device. A device that was removed but is still open is found by its vfioN, its device number, or (since Linux 6.18) its name.',
    'A process that only has the device mapped, a descriptor that KVM or vhost keeps, and a descriptor in transit through a socket are not visible.',
  ],
  load: async () => (await import('./commands/holders.ts')).run,
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
    'The devices of a group can only be handed over together. With --whole-groups, a container that requests one device gets the others, too; if a driver of the host has a member of the group, its devices are skipped.',
    'FILE is replaced atomically, and removed if there is no device, because runtimes reject an empty specification. A file with another kind is left alone. The file contains node names such as vfio3, which the kernel reuses: run cdi again when devices are added or removed. A file that is not newer than every node is written again, even with the same text, because services such as containerd keep device numbers until it changes.',
  ],
  load: async () => (await import('./commands/cdi.ts')).run,
};

export const nfd: Command = {
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
