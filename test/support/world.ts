/** Generated machines for the tests of links: devices, entries of /dev/vfio, and entries that no run may change. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Device } from '../../src/devices/types.ts';
import type { PolicyNames } from '../../src/names/claims.ts';
import { FakeRoot } from './fake-root.ts';

/** An entry of /dev/vfio before a run. */
export type ExistingEntry =
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' };

export interface MachineState {
  /** Numbers of the PCI devices 0000:0N:00.0, in the order of their vfioN. */
  readonly devices: readonly number[];
  /** The numbers of devices whose node is missing. */
  readonly missing?: readonly number[];
  readonly entries: Readonly<Record<string, ExistingEntry>>;
}

export const nameOf = (number: number): string => `0000:0${number}:00.0`;

const places = [
  ...[1, 2, 3].map((number) => `pci/${nameOf(number)}`),
  'pci/left-over',
  'pci/.vfio-names-killed',
  'pci/deep/er/link',
  'by-tag/pci-1',
  'by-tag/pci-1/below',
  'by-old/name',
  'own/name',
];

const thing: fc.Arbitrary<ExistingEntry> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.nat(4).map((n): ExistingEntry => ({ kind: 'link', target: `UP/devices/vfio${n}` })),
  },
  { weight: 1, arbitrary: fc.constantFrom<ExistingEntry>({ kind: 'link', target: '/dev/null' }) },
  { weight: 1, arbitrary: fc.constantFrom<ExistingEntry>({ kind: 'link', target: '../../../etc' }) },
  { weight: 1, arbitrary: fc.constantFrom<ExistingEntry>({ kind: 'file' }, { kind: 'directory' }) },
);

/** `UP` in a target stands for as many `..` as the path has directories. */
export const machineStates: fc.Arbitrary<MachineState> = fc.record({
  devices: fc.shuffledSubarray([1, 2, 3]),
  missing: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray([1, 2, 3])),
  entries: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...places), thing), { selector: ([place]) => place, maxLength: 7 })
    .map((pairs) => Object.fromEntries(pairs)),
});

/** Claims in addition to scheme 1, one below another, so that directories are created and removed. */
export const tagClaims: PolicyNames = (device: Device) => [
  { path: `by-tag/pci-${Number(device.name.slice(5, 7))}`, priority: 0 },
  ...(device.name === nameOf(2) ? [{ path: 'by-tag/pci-1/below', priority: 1 }] : []),
];

/** In memory where that can be written: in a chroot, /dev/shm may be missing, or only a directory of root's. */
function temporary(): string {
  try {
    return fs.mkdtempSync('/dev/shm/vfio-names-test-');
  } catch {
    return fs.mkdtempSync(`${tmpdir()}/vfio-names-test-`);
  }
}

/** A path for worlds that goes with its test; in memory where possible, since they are many. */
export function scratchPath(t: ExecutionContext): string {
  const own = temporary();
  t.teardown(() => fs.rmSync(own, { recursive: true, force: true }));
  return `${own}/root`;
}

/** Creates a world below `directory`; nodes are empty files. */
export function buildMachine(directory: string, { devices, missing = [], entries }: MachineState): FakeRoot {
  fs.rmSync(directory, { recursive: true, force: true });
  const root = new FakeRoot(directory);
  for (const [index, number] of devices.entries())
    root.add({
      ...{ name: nameOf(number), sysname: `vfio${index}` },
      ...(missing.includes(number) ? { noNode: true } : { emptyNode: true }),
    });
  for (const [path, what] of Object.entries(entries)) {
    const full = root.at(`/dev/vfio/${path}`);
    try {
      fs.mkdirSync(full.slice(0, full.lastIndexOf('/')), { recursive: true });
      if (what.kind === 'directory') fs.mkdirSync(full, { recursive: true });
      else if (what.kind === 'file') fs.writeFileSync(full, '');
      else
        fs.symlinkSync(
          what.target.replace(
            'UP',
            Array(path.split('/').length - 1)
              .fill('..')
              .join('/'),
          ),
          full,
        );
    } catch {
      // Two entries of this world exclude each other: keep the first.
    }
  }
  return root;
}

/** Returns every path below /dev/vfio with its target or kind. */
export function snapshot(root: FakeRoot): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (directory: string): void => {
    for (const entry of fs.readdirSync(root.at(directory), { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`;
      const key = path.slice('/dev/vfio/'.length);
      if (entry.isSymbolicLink()) found[key] = `-> ${fs.readlinkSync(root.at(path))}`;
      else found[key] = entry.isDirectory() ? 'directory' : 'file';
      if (entry.isDirectory()) visit(path);
    }
  };
  visit('/dev/vfio');
  return found;
}

/** Returns the entries that no run may change: files, links to other targets, and directories without a link of ours. */
export function unmanagedEntries(root: FakeRoot): Record<string, string> {
  const entries = Object.entries(snapshot(root));
  const isOurs = ([path, what]: readonly [string, string]): boolean =>
    what === `-> ${'../'.repeat(path.split('/').length - 1)}${/devices\/vfio\d+$/.exec(what)?.[0]}`;
  return Object.fromEntries(
    entries.filter(([path, what]) =>
      what === 'directory'
        ? !entries.some((entry) => entry[0].startsWith(`${path}/`) && isOurs(entry))
        : !isOurs([path, what]),
    ),
  );
}
