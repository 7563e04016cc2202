/** Random trees of sysfs and /dev, environments and arguments, with any bytes that a file system accepts. */
/** A random number generator in [0, 1) with a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A step that creates one entry of the tree; paths (below the root) and contents are bytes. */
export interface Step {
  readonly kind: 'directory' | 'file' | 'link';
  readonly path: Buffer;
  readonly content?: Buffer;
}

export interface Scene {
  readonly steps: readonly Step[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const pieces = [
  '\n',
  '\r',
  '"',
  "'",
  '$',
  '%',
  '$env{x}',
  '%k',
  '..',
  '.',
  '\\',
  '\\x2f',
  ' ',
  '\t',
  '=',
  'DEVLINKS=/dev/hack\n',
  'ID_VFIO_NAME=x',
  '\u0001',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u202e',
  '€',
  'é',
  '\ufeff',
  'vfio0',
  'pci',
  'devices',
  '0',
  '-',
  '~',
  '*',
  '{name}',
  '|',
  ',',
  ';',
  '`',
  '()',
  '#',
  '__proto__',
  'constructor',
  'x'.repeat(60),
];
const rawPieces = [
  [0xff],
  [0x80],
  [0xc1, 0x81],
  [0xed, 0xa0, 0x80],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xf0, 0x9f],
  [0xf8, 0x88, 0x80],
  [0xf0, 0x9f, 0x98, 0x80],
].map((bytes) => Buffer.from(bytes));

const samples = {
  names: [
    '0000:00:04.0',
    '0000:00:05.0',
    '10000:e1:00.7',
    '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
    'lpss.0',
    '0000:01:00.2',
  ],
  sysnames: ['vfio0', 'vfio1', 'vfio1048575', 'noiommu-vfio0', 'vfio', 'vfio01'],
  buses: ['pci', 'pci', 'pci', 'mdev', 'platform', 'devices', '7', 'vfio', 'new'],
  facts: [
    'bus',
    'name',
    'node',
    'devnum',
    'syspath',
    'cdev',
    'driver',
    'group',
    'groupNode',
    'vendor',
    'device',
    'class',
    'numaNode',
    'function',
    'pf',
    'vf',
    'path',
    'slot',
    'serial',
    'mdevType',
    'mdevParent',
    'vgpuType',
    'pfNet',
    'pfDriver',
    'label',
    'mode',
    'nonsense',
  ],
  attributes: [
    'vendor',
    'device',
    'subsystem_vendor',
    'class',
    'revision',
    'numa_node',
    'sriov_offset',
    'sriov_stride',
  ],
  actions: ['add', 'remove', 'change', 'bind', '', 'toString'],
  transforms: ['', '|l', '|p3', '|p300', '|r3a=5f', '|r2e=', '|r30=00', '|r30=2f2e2e2f', '|q', '|r3a=c181'],
};

export class HostileRandom {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A string of any length without NUL, which file names and environments cannot contain. */
  text(): string {
    if (this.chance(0.03))
      return this.pick(pieces)
        .repeat(this.below(1500) + 1)
        .slice(0, 4200);
    return Array.from({ length: this.below(5) + 1 }, () => this.pick(pieces)).join('');
  }

  bytes(): Buffer {
    const parts = Array.from({ length: this.below(3) + 1 }, () =>
      this.chance(0.4) ? this.pick(rawPieces) : Buffer.from(this.text()),
    );
    return Buffer.concat(parts);
  }

  /** One component of a path. */
  part(): Buffer {
    const bytes = Buffer.from(
      this.bytes()
        .subarray(0, 250)
        .map((byte) => (byte === 0x2f ? 0x5f : byte)),
    );
    return ['.', '..'].includes(bytes.toString('latin1')) ? Buffer.from('dots') : bytes;
  }

  mostly(good: string, share = 0.2): Buffer {
    return this.chance(share) ? this.bytes() : Buffer.from(good);
  }
}

const join = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));

/** Creates a scene: up to three devices with random defects, existing links, and a call of vfio_id. */
export function sceneFrom(hostile: HostileRandom): Scene {
  const steps: Step[] = ['/sys/class/vfio-dev', '/dev/vfio/devices'].map((path) => ({
    kind: 'directory',
    path: Buffer.from(path),
  }));
  const devpaths: string[] = [];
  for (let count = hostile.below(3) + (hostile.chance(0.9) ? 1 : 0); count > 0; count--)
    devpaths.push(addDevice(hostile, steps));
  for (let count = hostile.below(4); count > 0; count--) addLink(hostile, steps);
  if (hostile.chance(0.6)) addGroup(hostile, steps, devpaths);
  if (hostile.chance(0.2)) {
    const slot = join('/sys/bus/pci/slots/', hostile.part());
    steps.push({ kind: 'file', path: join(slot, '/address'), content: hostile.mostly('0000:00:04\n') });
  }
  if (hostile.chance(0.1))
    steps.push({
      kind: 'file',
      path: Buffer.from('/usr/share/misc/pci.ids'),
      content: join('10de  ', hostile.bytes(), '\n\t2204  ', hostile.bytes(), '\n'),
    });
  return { steps, ...callFrom(hostile, devpaths) };
}

function addDevice(hostile: HostileRandom, steps: Step[]): string {
  const name = hostile.chance(0.15) ? hostile.part() : Buffer.from(hostile.pick(samples.names));
  const sysname = hostile.pick(samples.sysnames);
  const parent = hostile.pick(['/devices/pci0000:00', '/devices/pci0000:00/0000:00:06.0', '/devices/x']);
  const directory = join('/sys', parent, '/', name);
  const vfio = join(directory, '/vfio-dev/', sysname);
  const target = join('../..', parent, '/', name, '/vfio-dev/', sysname);
  steps.push({ kind: 'directory', path: vfio });
  steps.push({
    kind: 'link',
    path: Buffer.from(`/sys/class/vfio-dev/${sysname}`),
    content: hostile.chance(0.1) ? hostile.bytes() : target,
  });
  if (hostile.chance(0.9))
    steps.push({
      kind: hostile.chance(0.05) ? 'directory' : 'file',
      path: join(vfio, '/dev'),
      content: hostile.mostly('247:3\n', 0.1),
    });
  const links: readonly [string, string][] = [
    ['subsystem', `../../../bus/${hostile.pick(samples.buses)}`],
    ['driver', '../../../bus/pci/drivers/vfio-pci'],
    ['iommu_group', '../../../kernel/iommu_groups/7'],
    ['physfn', hostile.pick(['../0000:00:06.0', '../0000:01:00.0', '.', 'physfn'])],
    ['virtfn0', `../${name}`],
    ['mdev_type', '../mdev_supported_types/mtty-2'],
  ];
  for (const [link, good] of links)
    if (link === 'subsystem' || hostile.chance(0.5))
      steps.push({
        kind: 'link',
        path: join(directory, '/', link),
        content: hostile.mostly(good, link === 'subsystem' ? 0.07 : 0.3),
      });
  for (const attribute of samples.attributes)
    if (hostile.chance(0.3))
      steps.push({
        kind: hostile.chance(0.05) ? 'directory' : 'file',
        path: join(directory, '/', attribute),
        content: hostile.mostly('0x10de\n', 0.5),
      });
  if (hostile.chance(0.2))
    steps.push({
      kind: 'file',
      path: join(directory, '/config'),
      content: Buffer.from(
        Uint8Array.from({ length: hostile.below(600) }, () =>
          hostile.pick([0, 0, 1, 3, 255, hostile.below(256)]),
        ),
      ),
    });
  return `${parent}/${name}/vfio-dev/${sysname}`;
}

/** Group 7, which the devices are in, with its number in class vfio and an entry in place of its node. */
function addGroup(hostile: HostileRandom, steps: Step[], devpaths: readonly string[]): void {
  const members = '/sys/kernel/iommu_groups/7/devices';
  for (const devpath of devpaths) {
    const device = devpath.replace(/\/vfio-dev\/[^/]*$/, '');
    const name = hostile.mostly(device.slice(device.lastIndexOf('/') + 1), 0.1).subarray(0, 250);
    if (name.includes(0x2f) || name.length === 0 || ['.', '..'].includes(name.toString('latin1'))) continue;
    steps.push({
      kind: 'link',
      path: join(members, '/', name),
      content: hostile.mostly(`../../../..${device}`, 0.2),
    });
  }
  const node = hostile.pick(['7', '7', 'noiommu-7']);
  steps.push({
    kind: hostile.chance(0.05) ? 'directory' : 'file',
    path: Buffer.from(`/sys/class/vfio/${node}/dev`),
    content: hostile.mostly('243:7\n', 0.2),
  });
  if (hostile.chance(0.5))
    steps.push({
      kind: hostile.pick(['file', 'link', 'directory']),
      path: Buffer.from(`/dev/vfio/${node}`),
      content: hostile.mostly('devices/vfio0'),
    });
}

function addLink(hostile: HostileRandom, steps: Step[]): void {
  const first = hostile.chance(0.2)
    ? hostile.part()
    : Buffer.from(hostile.pick(['pci', 'mdev', 'by-x', 'mine']));
  const second = hostile.chance(0.3) ? hostile.part() : Buffer.from(hostile.pick(samples.names));
  const path = join(
    '/dev/vfio/',
    first,
    ...(hostile.chance(0.8) ? ['/', second] : []),
    ...(hostile.chance(0.1) ? ['/more'] : []),
  );
  if (hostile.chance(0.1))
    steps.push({ kind: hostile.pick(['file', 'directory']), path, content: Buffer.from('x') });
  else
    steps.push({
      kind: 'link',
      path,
      content: hostile.mostly(
        hostile.pick(['../devices/vfio0', '../devices/vfio1', '../../devices/vfio0', 'pci', '.', '..']),
      ),
    });
}

function callFrom(hostile: HostileRandom, devpaths: readonly string[]): Pick<Scene, 'argv' | 'env'> {
  const known = devpaths.length > 0 ? hostile.pick(devpaths) : '/devices/x/vfio-dev/vfio0';
  const devpath = hostile.chance(0.15) ? hostile.text() : known;
  const argv: string[] = [];
  const env: Record<string, string> = {};
  const isLink = hostile.chance(0.5);
  if (isLink) argv.push('link');
  if (isLink && hostile.chance(0.5)) argv.push(hostile.pick(samples.actions));
  else if (isLink) env['ACTION'] = hostile.chance(0.1) ? hostile.text() : hostile.pick(samples.actions);
  else if (hostile.chance(0.5))
    argv.push(
      `--facts=${[hostile.pick(samples.facts), hostile.pick(samples.facts), hostile.pick(samples.facts), hostile.chance(0.05) ? hostile.text() : 'label'].join(',')}`,
    );
  for (let count = hostile.below(3); count > 0; count--)
    argv.push('--link', `${count}${hostile.pick(['', '', ':1', ':-2'])}=${textFrom(hostile)}`);
  if (hostile.chance(0.05)) argv.push(hostile.text());
  if (hostile.chance(0.9)) env['DEVPATH'] = devpath;
  if (hostile.chance(0.2)) env['DEVNAME'] = hostile.chance(0.3) ? hostile.text() : 'vfio/devices/vfio0';
  if (hostile.chance(0.2)) env['MDEV'] = hostile.chance(0.3) ? hostile.text() : 'vfio/devices/vfio1';
  for (const [key, value] of Object.entries(env)) env[key] = wellFormed(value);
  return { argv: argv.map(wellFormed), env };
}

/** The string as a program receives it: without NUL, lone surrogates replaced as Node does. */
function wellFormed(text: string): string {
  return Buffer.from(text.replaceAll('\0', '')).toString();
}

function textFrom(hostile: HostileRandom): string {
  if (hostile.chance(0.1)) return hostile.text();
  const fact = (): string => `{${hostile.pick(samples.facts)}${hostile.pick(samples.transforms)}}`;
  return `${hostile.pick(['by-x', 'by-y/z', 'pci', 'devices', '.', '7', 'by-x/one'])}/${hostile.chance(0.7) ? fact() : 'one'}${hostile.chance(0.3) ? `-${fact()}` : ''}`;
}
