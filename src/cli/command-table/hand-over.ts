/** Command table: exec, cdi and nfd, which pass devices or information about them to other programs. */
import type { Command } from '../command.ts';
import { cdiInterface, cdiKind, manyNames, policy } from './shared.ts';

export const exec: Command = {
  name: 'exec',
  summary: 'run a program that has the devices open, each one proved',
  operands: manyNames,
  commandArgs: 'CMD...',
  options: {
    iommu: { type: 'boolean', help: 'open /dev/iommu for it, too' },
    user: {
      type: 'string',
      placeholder: 'USER',
      help: 'run it as this user of /etc/passwd, in the groups of /etc/group',
    },
    policy,
  },
  details: [
    'The descriptors are 3, 4, ... in the order of the NAMEs, then that of /dev/iommu. In the words of CMD, {fd:NAME} stands for the descriptor of a device, {fd} for that of the only one, {iommufd} for that of /dev/iommu. VFIO_NAMES_FDS in its environment has them all:',
    '    pci/0000:01:00.0=3 iommu=4',
    'No shell is involved, and only CMD has the devices open. SIGTERM, SIGHUP and SIGINT pass through; in the foreground of a terminal, which sends SIGINT to CMD itself, that one is not sent a second time.',
    'CMD has nothing else that was open, and the environment as it was: with --user, HOME and its like are still those of before.',
    "With --user, what CMD maps for the devices counts against that user's limit of locked memory: a virtual machine needs its RAM and some MiB (prlimit --memlock=BYTES before this command, LimitMEMLOCK= in a unit).",
    "Exit status: CMD's, 128+N where the signal N ended it, 127 where it is not there, 126 where it can't be run; before CMD is run, one of those below.",
  ],
  load: async () => (await import('../commands/exec.ts')).run,
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
  load: async () => (await import('../commands/cdi.ts')).run,
};

export const nfd: Command = {
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
  load: async () => (await import('../commands/nfd.ts')).run,
};
