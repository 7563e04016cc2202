/** The commands that the fault tests run, each with the fake root it runs on and the state that it changes. */
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { FakeRoot } from '../support/fake-root.ts';
import type { Fault } from './strace.ts';

export interface FaultCase {
  readonly name: string;
  readonly args: (root: string) => readonly string[];
  /** Creates the devices, links and files that exist before the run. */
  readonly prepare: (root: FakeRoot) => void;
  /** The files and links that the command changes, by path below the root: contents of files, targets of links. */
  readonly state: (root: FakeRoot) => Readonly<Record<string, string>>;
  /** Directories in which no other file may be left. */
  readonly directories: readonly string[];
  /**
   * Whether `content` is right although it is neither old nor new, because the run printed `err` or because of the fault.
   * Default: it never is.
   */
  readonly isPartial?: (content: string, complete: string, err: string, fault: Fault) => boolean;
}

/** Three devices. */
function machine(root: FakeRoot): void {
  for (const number of [0, 1, 2])
    root.add({
      name: `0000:0${number + 1}:00.0`,
      sysname: `vfio${number}`,
      driver: 'vfio-pci',
      group: String(number + 10),
      attributes: { vendor: '0x8086', device: '0x10d3', class: '0x020000', revision: '0x00' },
    });
}

/** One correct link, one to another device's node, one missing, two of devices that are gone, one foreign. */
function machineWithLinks(root: FakeRoot): void {
  machine(root);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio0');
  root.linkWithTarget('/dev/vfio/pci/0000:02:00.0', '../devices/vfio0');
  root.linkWithTarget('/dev/vfio/pci/0000:09:00.0', '../devices/vfio9');
  root.linkWithTarget('/dev/vfio/mdev/left-over', '../devices/vfio8');
  root.linkWithTarget('/dev/vfio/pci/foreign', '/etc/passwd');
}

const policy = '[[access]]\nmatch = { bus = "pci" }\nmode = "0660"\n';

function file(path: string): FaultCase['state'] {
  return (root) => (existsSync(root.at(path)) ? { [path]: readFileSync(root.at(path), 'utf8') } : {});
}

interface CdiDevice {
  readonly name: string;
  readonly containerEdits: { readonly deviceNodes: readonly { readonly path: string }[] };
}

function sysnameOf({ containerEdits }: CdiDevice): string | undefined {
  return containerEdits.deviceNodes[0]?.path.replace(/.*\//, '');
}

/** Whether `content` is the `complete` CDI specification without devices that `err` names. */
function lacksNamedDevices(content: string, complete: string, err: string): boolean {
  const spec = JSON.parse(complete) as { devices: readonly CdiDevice[] };
  const written = JSON.parse(content) as typeof spec;
  const names = new Set(written.devices.map(({ name }) => name));
  const devices = spec.devices.filter(({ name }) => names.has(name));
  const missing = spec.devices.filter(({ name }) => !names.has(name));
  return (
    isDeepStrictEqual(written, { ...spec, devices }) &&
    missing.every((device) =>
      [`${device.name} is left out: `, `/${sysnameOf(device)}: `].some((words) => err.includes(words)),
    )
  );
}

const defaultRules = readFileSync('rules/70-vfio-names.rules', 'utf8');

/** Whether `content` is the default policy's rules, which are right if the policy seems not to exist. */
function ignoresMissingPolicy(content: string, _complete: string, _err: string, fault: Fault): boolean {
  return content === defaultRules && fault !== 'kill' && fault.errno === 'ENOENT';
}

export const faultCases: readonly FaultCase[] = [
  {
    name: 'sync',
    args: (root) => ['sync', '--root', root],
    prepare: machineWithLinks,
    state: (root) => root.links(),
    directories: ['/dev/vfio/pci', '/dev/vfio'],
  },
  {
    name: 'rules install',
    args: (root) => ['rules', 'install', '--root', root],
    prepare: (root) => {
      machine(root);
      root.write('/etc/udev/rules.d/10-other.rules', '# another\n');
      root.write('/etc/vfio-names/a.toml', policy);
    },
    state: file('/etc/udev/rules.d/70-vfio-names.rules'),
    directories: ['/etc/udev/rules.d'],
    isPartial: ignoresMissingPolicy,
  },
  {
    name: 'rules install over an older file',
    args: (root) => ['rules', 'install', '--root', root],
    prepare: (root) => {
      machine(root);
      root.write('/etc/udev/rules.d/70-vfio-names.rules', defaultRules);
      root.write('/etc/vfio-names/a.toml', policy);
    },
    state: file('/etc/udev/rules.d/70-vfio-names.rules'),
    directories: ['/etc/udev/rules.d'],
    isPartial: ignoresMissingPolicy,
  },
  {
    name: 'cdi',
    args: (root) => ['cdi', '--root', root, '--output', `${root}/var/cdi/pci.json`],
    prepare: (root) => {
      machine(root);
      root.node('/dev/iommu', '10:125');
      root.write('/sys/class/misc/iommu/dev', '10:125\n');
      root.write('/var/cdi/pci.json', '{"kind":"vfio-names.dev/pci","devices":[]}\n');
    },
    state: file('/var/cdi/pci.json'),
    directories: ['/var/cdi'],
    isPartial: lacksNamedDevices,
  },
];
