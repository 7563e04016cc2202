/** What the manual says about the findings of verify, the states of list, and the metrics of watch. */
import type { FindingCode } from '../../src/links/finding.ts';
import { type DeviceState, deviceStates } from '../../src/links/state.ts';
import { metricsText } from '../../src/watch/metrics.ts';

type Pairs = readonly (readonly [term: string, meaning: string])[];

const stateTexts: Readonly<Record<DeviceState, string>> = {
  ok: 'the node is right, and every link leads to it',
  'wrong-node': 'the node in /dev is another device, or not a device',
  'no-node': 'the kernel does not create a node for the device, or the node is missing in /dev/vfio/devices',
  'node-unreadable': 'the node may not be examined',
  'wrong-link': 'a link leads to the node of another device, or to none',
  blocked: 'a file or a link that vfio-names did not create is in the place of a link',
  'link-missing': 'a link is missing',
  'no-name': 'the device gets no link: it has no IOMMU, or its name cannot be a file name',
  'name-conflict': 'another device has a name that the policy gives to this one, too',
  'wrong-access': 'owner, group or mode of the node are not those of the policy, or are too open',
};

/** The states of a device, the most severe one first. */
export const states: Pairs = deviceStates.map((state) => [state.replaceAll('-', ' '), stateTexts[state]]);

const findingTexts: Readonly<Record<FindingCode, string>> = {
  'link-missing': 'a link that a device should have does not exist',
  'link-dangling': 'the target of a link does not exist',
  'link-wrong': 'a link leads to the node of another device',
  'link-unmanaged': 'a link that vfio-names did not create is in the place of a link',
  'link-blocked': 'a file is in the place of a link',
  'link-orphaned': 'the device of a link is gone',
  'link-stale': 'the number of the node now belongs to another device',
  'link-unclaimed': 'no rule gives the name of a link any more',
  'temporary-link': 'an interrupted run left a temporary link',
  'displaced-file': 'an interrupted run left a file of another program under a hidden name',
  'directory-unreadable': 'a directory of names cannot be read',
  'name-conflict': 'several devices claim one name',
  'no-name': 'no link can be made for a device',
  'node-missing': 'sysfs has a device whose node does not exist',
  'node-unreadable': 'a node cannot be examined',
  'node-not-char': 'a file that is not a character device is in the place of a node',
  'node-mismatch': 'a node has the device number of another device',
  'node-unknown': 'a node belongs to no VFIO device of sysfs',
  'node-permissions': 'every user may open a node',
  'directory-permissions': 'users other than root may change a directory of names',
  'access-mismatch': 'owner, group or mode of a node are not those of the policy',
  'access-impossible': 'the policy gives a node to an account that does not exist',
  'group-owners': 'the policy gives the devices of one IOMMU group to different accounts',
  'device-unreadable': 'a device in sysfs cannot be read',
};

/** The codes of findings. */
export const findings: Pairs = Object.entries(findingTexts);

/** The names of metrics, with the texts of their HELP lines. */
export const metrics: Pairs = [
  ...metricsText({
    ...{ devices: 0, missing: 0, links: 0, findings: 0, policyRejected: 0 },
    ...{ passes: 0, changes: 0, errors: 0, lastPass: 0, duration: 0 },
  }).matchAll(/^# HELP (\S+) (.*)$/gm),
].map(([, name = '', help = '']) => [name, help]);
