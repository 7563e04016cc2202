/** What the host does with a device that a rule would take: file systems, swap, network interfaces, the console. */
import { compareNatural } from '../devices/order.ts';
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import { baseName, dirName, resolvePath } from '../text/path.ts';

/** A use of a device by the host. */
export interface HostUse {
  readonly kind: 'file-system' | 'swap' | 'block' | 'network' | 'console';
  /** `/ is mounted from nvme0n1p2`; not escaped. */
  readonly text: string;
}

/** A disk, partition or stack on top of others. */
interface BlockDevice {
  readonly name: string;
  readonly syspath: string;
  /** `MAJOR:MINOR`. */
  readonly devnum: string;
}

/** The block devices, network interfaces, mounts and swaps of the machine, read once for all devices. */
export interface HostState {
  readonly blocks: readonly BlockDevice[];
  /** For each block device, those that lie on it: partitions, holders (dm, md), and loop devices. */
  readonly above: ReadonlyMap<string, readonly string[]>;
  /** The block devices of each controller of an NVMe subsystem, which are not below the controller. */
  readonly shared: readonly { readonly block: string; readonly controllers: readonly string[] }[];
  /** Mount points by the name of the block device. */
  readonly mounts: ReadonlyMap<string, readonly string[]>;
  readonly swaps: ReadonlySet<string>;
  /** The members of ZFS pools, which no table of the kernel lists. */
  readonly zfsMembers: ReadonlySet<string>;
  readonly interfaces: readonly { readonly name: string; readonly syspath: string; readonly isUp: boolean }[];
}

const MAX_TABLE = 16 << 20;

/** Reads sysfs and the tables of the first process; whatever cannot be read is treated as absent. */
export function readHostState(files: Files, root: Root): HostState {
  const list = (path: string): string[] =>
    (tryOrUndefined(() => files.readdir(pathBelow(root, path))) ?? []).sort(compareNatural);
  const text = (path: string): string | undefined =>
    tryOrUndefined(() => files.read(pathBelow(root, path), MAX_TABLE));
  const target = (path: string): string | undefined =>
    tryOrUndefined(() => files.readlink(pathBelow(root, path)));
  const inClass = (name: string): { name: string; syspath: string }[] =>
    list(`/sys/class/${name}`).flatMap((entry) => {
      const link = target(`/sys/class/${name}/${entry}`);
      return link === undefined ? [] : [{ name: entry, syspath: resolvePath(`/sys/class/${name}`, link) }];
    });
  const blocks = inClass('block').map((block) => ({
    ...block,
    devnum: text(`${block.syspath}/dev`)?.trim() ?? '',
  }));
  /** `/dev/mapper/root` is a link to `../dm-0`. */
  const blockOf = (path: string): string => baseName(target(path) ?? path);
  /** A loop device, or compressed memory that writes to a disk, is not a holder of its block device. */
  const backings = blocks.flatMap(({ name, syspath }) =>
    ['loop/backing_file', 'backing_dev'].flatMap((file) => {
      const path = text(`${syspath}/${file}`)?.trim() ?? '';
      return path.startsWith('/dev/') ? [{ name, lower: blockOf(path) }] : [];
    }),
  );
  const above = new Map(
    blocks.map(({ name, syspath }) => [
      name,
      [
        ...list(`${syspath}/holders`),
        ...blocks.filter((other) => dirName(other.syspath) === syspath).map((other) => other.name),
        ...backings.filter(({ lower }) => lower === name).map((other) => other.name),
      ],
    ]),
  );
  const shared = blocks
    .filter(({ syspath }) => /\/nvme-subsystem\/[^/]+\/[^/]+$/.test(syspath))
    .map(({ name, syspath }) => {
      const subsystem = dirName(syspath);
      const controllers = list(subsystem)
        .filter((entry) => /^nvme\d+$/.test(entry))
        .flatMap((entry) => {
          const link = target(`${subsystem}/${entry}`);
          return link === undefined ? [] : [resolvePath(subsystem, link)];
        });
      return { block: name, controllers };
    });
  const byNumber = new Map(blocks.map(({ name, devnum }) => [devnum, name]));
  const mounts = new Map<string, string[]>();
  const addMount = (block: string, point: string): void => {
    mounts.set(block, [...new Set([...(mounts.get(block) ?? []), point])]);
  };
  const table = text('/proc/1/mountinfo') ?? text('/proc/self/mountinfo') ?? '';
  for (const { devnum, point, sources, otherDisks } of parseMounts(table)) {
    for (const disk of otherDisks) addMount(blockOf(disk), point);
    const own = byNumber.get(devnum);
    for (const block of own === undefined ? sources.map(blockOf) : [own]) {
      addMount(block, point);
      // btrfs has a device number of its own, and other disks of the same file system.
      for (const set of list('/sys/fs/btrfs')) {
        const members = list(`/sys/fs/btrfs/${set}/devices`);
        if (members.includes(block)) for (const member of members) addMount(member, point);
      }
    }
  }
  // The kernel calls the disk of a root file system without initramfs /dev/root, and other mount namespaces are not in the table.
  // The directory of a btrfs exists only while it is mounted (btrfs_sysfs_add_fsid in fs/btrfs/sysfs.c).
  for (const set of list('/sys/fs/btrfs')) {
    const members = list(`/sys/fs/btrfs/${set}/devices`);
    if (members.some((member) => mounts.has(member))) continue;
    for (const member of members) addMount(member, 'a btrfs file system');
  }
  // Only while the module is loaded can the host have imported a pool from the disks that udev calls members of one.
  const hasZfs = list('/proc/spl/kstat/zfs').length > 0;
  const zfsMembers = new Set(
    blocks
      .filter(
        ({ devnum }) => hasZfs && /^E:ID_FS_TYPE=zfs_member$/m.test(text(`/run/udev/data/b${devnum}`) ?? ''),
      )
      .map(({ name }) => name),
  );
  const swaps = new Set(
    (text('/proc/swaps') ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) =>
        /^(\/dev\/\S+)/.exec(line)?.[1] ? [blockOf(unescapeTable(/^(\S+)/.exec(line)?.[1] ?? ''))] : [],
      ),
  );
  const interfaces = inClass('net').map(({ name, syspath }) => ({
    name,
    syspath,
    // IFF_UP of linux/if.h.
    isUp: (Number(text(`${syspath}/flags`)?.trim()) & 1) === 1,
  }));
  return { blocks, above, shared, mounts, swaps, zfsMembers, interfaces };
}

interface Mount {
  readonly devnum: string;
  readonly point: string;
  /** The disks of the file system: bcachefs has several, `/dev/sda:/dev/sdb`. */
  readonly sources: readonly string[];
  /** The disks with the log or the real-time part of an XFS. */
  readonly otherDisks: readonly string[];
}

/** Parses /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
function parseMounts(table: string): Mount[] {
  return table.split('\n').flatMap((line) => {
    const [fields = '', rest = ''] = line.split(' - ');
    const [, , devnum, , point] = fields.split(' ');
    const [, source = '', options = ''] = rest.split(' ');
    if (devnum === undefined || point === undefined) return [];
    const disk = unescapeTable(source);
    const others = options
      .split(',')
      .flatMap((option) => /^(?:logdev|rtdev)=(\/dev\/.+)$/.exec(option)?.[1] ?? []);
    return [
      {
        devnum,
        point: unescapeTable(point),
        sources: disk.startsWith('/dev/') ? disk.split(/:(?=\/dev\/)/) : [],
        otherDisks: others.map(unescapeTable),
      },
    ];
  });
}

/** Blanks, newlines and backslashes are three octal digits. */
function unescapeTable(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Returns what the host does with the device in this directory and with everything below it. */
export function hostUses(files: Files, root: Root, state: HostState, syspath: string): HostUse[] {
  const isBelow = (path: string): boolean => path.startsWith(`${syspath}/`);
  const own = [
    ...state.blocks.filter((block) => isBelow(block.syspath)).map(({ name }) => name),
    ...state.shared.filter(({ controllers }) => controllers.some(isBelow)).map(({ block }) => block),
  ];
  const reached = new Set(own);
  for (const name of reached) for (const next of state.above.get(name) ?? []) reached.add(next);
  const uses: HostUse[] = [];
  for (const name of [...reached].sort(compareNatural)) {
    for (const point of state.mounts.get(name) ?? [])
      uses.push({ kind: 'file-system', text: `${point} is mounted from ${name}` });
    if (state.swaps.has(name)) uses.push({ kind: 'swap', text: `${name} is swap space` });
    if (state.zfsMembers.has(name))
      uses.push({ kind: 'file-system', text: `${name} is a part of a ZFS pool` });
  }
  if (uses.length === 0)
    for (const name of [...reached].filter((block) => !own.includes(block)).sort(compareNatural))
      uses.push({ kind: 'block', text: `${name} lies on it` });
  for (const { name } of state.interfaces.filter((one) => one.isUp && isBelow(one.syspath)))
    uses.push({ kind: 'network', text: `its network interface ${name} is up` });
  const isSet = (file: string): boolean =>
    tryOrUndefined(() => files.read(pathBelow(root, `${syspath}/${file}`), 64))?.trim() === '1';
  if (isSet('boot_vga') || isSet('boot_display'))
    uses.push({ kind: 'console', text: 'it is the graphics card of the console' });
  return uses;
}
