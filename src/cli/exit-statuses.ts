/** What each exit status means, in general and for each command; help and manual print both. */

type Meaning = readonly [status: number, meaning: string];
type Meanings = readonly Meaning[];

/** The meanings that are the same for every command. */
export const exitStatuses: Meanings = [
  [0, 'success'],
  [1, 'problems found'],
  [2, 'usage or policy error'],
  [3, 'no such device'],
  [4, 'not permitted'],
  [5, 'not supported by this kernel (no cdev, no iommufd)'],
  [6, 'changes pending (plan, --dry-run)'],
];

const usage: Meaning = [2, 'the command line is wrong'];
const policy: Meaning = [2, 'the command line or the policy is wrong'];
const ambiguous: Meaning = [2, 'the command line or the policy is wrong, or NAME fits several devices'];
const noDevice: Meaning = [3, 'no VFIO device has this NAME'];
const node: Meanings = [
  [1, 'the node is missing, or is that of another device, or the group cannot be used'],
  ambiguous,
  noDevice,
  [4, 'the node may not be opened'],
  [5, 'the device, or its group, has no node: the kernel does not support it'],
];

/** The meanings for one command, by its name. Every command also ends with 4 if it may not read what it needs, and with 5 without /proc. */
export const commandStatuses: Readonly<Record<string, Meanings>> = {
  list: [[0, 'success, even if there is no device'], policy, [3, 'a NAME or a filter fits no device']],
  show: [[0, 'success, whatever the state of the device'], ambiguous, noDevice],
  resolve: [[0, 'the node is that of the device'], ...node],
  plan: [
    [0, 'nothing to change'],
    [
      1,
      'something cannot be changed: a file is in the place of a link, several devices claim a name, or a device gets no link',
    ],
    policy,
    [6, 'sync would change something, and can change all of it'],
  ],
  sync: [
    [0, 'every link is correct, whether or not something was changed'],
    [
      1,
      'something could not be changed: a file is in the place of a link, several devices claim a name, or a device gets no link',
    ],
    policy,
    [4, 'a change was not permitted'],
    [6, 'with --dry-run: sync would change something, and can change all of it'],
  ],
  verify: [
    [0, 'no problem was found'],
    [1, 'problems were found'],
    ambiguous,
    noDevice,
    [4, 'with --fix: a change was not permitted'],
  ],
  bind: [
    [
      0,
      'every device without a driver got that of the policy; devices that have another driver do not count',
    ],
    [1, 'a device without a driver did not get that of the policy'],
    policy,
    [4, 'not permitted'],
    [6, 'with --dry-run: a device without a driver would get that of the policy'],
  ],
  probe: [
    [0, 'every device can be opened'],
    [1, 'a device cannot be opened for another reason'],
    ambiguous,
    noDevice,
    [4, 'a device may not be opened'],
    [5, 'the kernel does not support it'],
  ],
  holders: [
    [0, 'every process was examined, whether or not one has the device open'],
    ambiguous,
    noDevice,
    [4, 'some or all processes cannot be examined, so that the list may be incomplete'],
  ],
  doctor: [[0, 'no error; warnings do not count'], [1, 'errors were found'], usage],
  watch: [
    [0, 'ended by SIGTERM or SIGINT'],
    [1, 'nobody reads its output any more'],
    policy,
    [4, 'not permitted'],
  ],
  exec: [
    ...node,
    [126, 'CMD cannot be executed'],
    [127, 'CMD does not exist; every other status is that of CMD'],
  ],
  cdi: [
    [0, 'success, even if there is no device'],
    [1, 'a device was skipped or could not be read; the others are in the specification'],
    usage,
    [4, 'FILE may not be written'],
    [5, 'there is neither /dev/iommu nor /dev/vfio/vfio'],
  ],
  nfd: [
    [0, 'success, even if there is no device'],
    [1, 'FILE could not be written'],
    usage,
    [4, 'FILE may not be written'],
  ],
  graph: [[0, 'success, even if there is no device'], policy, [5, 'svg without @viz-js/viz']],
  'rules render': [[0, 'success'], policy],
  'rules check': [[0, 'udev reads the rules of the policy'], [1, 'it does not; the output says why'], policy],
  'rules install': [
    [0, 'the rules are those of the policy, whether or not a file was changed'],
    [1, 'a file could not be written, or udev could not apply the rules'],
    policy,
    [4, 'the files may not be written'],
  ],
  'rules uninstall': [
    [0, 'the files are removed, or were not there'],
    [1, 'a file could not be removed, or udev could not apply the change'],
    usage,
    [4, 'the files may not be removed'],
  ],
  'config check': [
    [0, 'no error; warnings and notes do not count'],
    [2, 'errors were found'],
  ],
  'config show': [[0, 'success'], policy],
  'config schema': [[0, 'success'], usage],
};
