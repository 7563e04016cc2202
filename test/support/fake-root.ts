/** Builds a fake sysfs and /dev below a temporary directory. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { ExecutionContext } from 'ava';
import koffi from 'koffi';
import type { Device } from '../../src/devices/types.ts';
import type { FileStatus, SystemFiles } from '../../src/system/files.ts';
import { nodeFiles } from '../../src/system/node/files.ts';

export interface FakeDevice {
  readonly bus?: string;
  readonly name: string;
  /** `vfioN`; without it, the device is not bound to a VFIO driver. */
  readonly sysname?: string;
  /** The default is 247:N; `false` means a kernel without device nodes (no cdev). */
  readonly devnum?: string | false;
  /** The parent directory of the device, `/sys/devices/pci0000:00`. */
  readonly parent?: string;
  readonly driver?: string;
  readonly group?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** No node in /dev although sysfs has a device number. */
  readonly noNode?: boolean;
  /** An empty file in place of the node, without mknod: enough for tests of links, which need only its existence. */
  readonly emptyNode?: boolean;
}

type Mknod = (path: string, mode: number, device: number) => number;
let mknod: Mknod | undefined;

/** Creates a character device node by mknod(2), which Node has no function for; false without the permission. */
function makeNode(path: string, devnum: string): boolean {
  if (process.getuid?.() !== 0) return false;
  // Node loads a C library that has the function (glibc 2.33, musl).
  mknod ??= koffi.load(null).func('int mknod(const char *path, uint32_t mode, uint64_t device)') as Mknod;
  const [major = 0, minor = 0] = devnum.split(':').map(Number);
  // makedev(3) for major numbers of 12 bits, which is all that the kernel has.
  const device = (minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12);
  return mknod(path, fs.constants.S_IFCHR | 0o600, device >>> 0) === 0;
}

export class FakeRoot {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    // The modes of a real machine: with the umask 002 that Debian sets at login, its directories would be group-writable.
    process.umask(0o022);
    for (const path of [
      '/sys/class/vfio-dev',
      '/sys/bus',
      '/sys/devices',
      '/dev/vfio/devices',
      '/dev/char',
      '/etc',
      '/run',
      '/proc',
    ])
      fs.mkdirSync(this.at(path), { recursive: true });
  }

  at(path: string): string {
    return join(this.dir, path);
  }

  write(path: string, text: string | Uint8Array): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.writeFileSync(this.at(path), text);
  }

  /** Creates a relative link between two paths of the fake machine. */
  linkTo(path: string, to: string): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.symlinkSync(relative(dirname(this.at(path)), this.at(to)), this.at(path));
  }

  /** Creates a link with exactly this target. */
  linkWithTarget(path: string, target: string): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.rmSync(this.at(path), { force: true });
    fs.symlinkSync(target, this.at(path));
  }

  /** Creates a character device node: a real one if mknod is allowed, else a file that `fakeFiles` reports as one. */
  node(path: string, devnum: string, mode = 0o600): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.rmSync(this.at(path), { force: true });
    if (!makeNode(this.at(path), devnum)) fs.writeFileSync(this.at(path), `char ${devnum}\n`);
    fs.chmodSync(this.at(path), mode);
  }

  /** Adds a device, bound to a VFIO driver if it has a `sysname`. Returns it like a scan. */
  add(fake: FakeDevice): Device {
    const bus = fake.bus ?? 'pci';
    const syspath = `${fake.parent ?? '/sys/devices/pci0000:00'}/${fake.name}`;
    fs.mkdirSync(this.at(syspath), { recursive: true });
    fs.mkdirSync(this.at(`/sys/bus/${bus}/devices`), { recursive: true });
    this.replaceLink(`${syspath}/subsystem`, `/sys/bus/${bus}`);
    this.replaceLink(`/sys/bus/${bus}/devices/${fake.name}`, syspath);
    if (fake.driver !== undefined) {
      fs.mkdirSync(this.at(`/sys/bus/${bus}/drivers/${fake.driver}`), { recursive: true });
      this.replaceLink(`${syspath}/driver`, `/sys/bus/${bus}/drivers/${fake.driver}`);
      this.replaceLink(`/sys/bus/${bus}/drivers/${fake.driver}/${fake.name}`, syspath);
    }
    if (fake.group !== undefined) {
      fs.mkdirSync(this.at(`/sys/kernel/iommu_groups/${fake.group}/devices`), { recursive: true });
      this.replaceLink(`${syspath}/iommu_group`, `/sys/kernel/iommu_groups/${fake.group}`);
      this.replaceLink(`/sys/kernel/iommu_groups/${fake.group}/devices/${fake.name}`, syspath);
    }
    for (const [name, value] of Object.entries(fake.attributes ?? {}))
      this.write(`${syspath}/${name}`, `${value}\n`);
    return this.#bind(fake, bus, syspath);
  }

  #bind(fake: FakeDevice, bus: string, syspath: string): Device {
    const sysname = fake.sysname ?? '';
    const number = /\d+$/.exec(sysname)?.[0] ?? '0';
    const devnum = fake.devnum === false ? undefined : (fake.devnum ?? `247:${number}`);
    if (sysname !== '') {
      const directory = `${syspath}/vfio-dev/${sysname}`;
      fs.mkdirSync(this.at(directory), { recursive: true });
      this.replaceLink(`${directory}/device`, syspath);
      this.replaceLink(`${directory}/subsystem`, '/sys/class/vfio-dev');
      this.write(`${directory}/uevent`, devnum === undefined ? '' : `DEVNAME=vfio/devices/${sysname}\n`);
      this.replaceLink(`/sys/class/vfio-dev/${sysname}`, directory);
      if (devnum !== undefined) {
        this.write(`${directory}/dev`, `${devnum}\n`);
        if (fake.emptyNode) this.write(`/dev/vfio/devices/${sysname}`, '');
        else if (!fake.noNode) this.node(`/dev/vfio/devices/${sysname}`, devnum);
      }
    }
    return { bus, name: fake.name, sysname, ...(devnum !== undefined && { devnum }), syspath };
  }

  /** Unbinds a device like the kernel: removes its VFIO directory, its class link and its node, but no links to it. */
  unbind(device: Device): void {
    fs.rmSync(this.at(`${device.syspath}/vfio-dev`), { recursive: true, force: true });
    fs.rmSync(this.at(`/sys/class/vfio-dev/${device.sysname}`), { force: true });
    fs.rmSync(this.at(`/dev/vfio/devices/${device.sysname}`), { force: true });
  }

  /** Registers a group with VFIO: `14` or `noiommu-14` in class vfio, with its node. */
  addGroup(node: string, devnum = `243:${/\d+$/.exec(node)?.[0]}`): void {
    this.write(`/sys/devices/virtual/vfio/${node}/dev`, `${devnum}\n`);
    this.replaceLink(`/sys/class/vfio/${node}`, `/sys/devices/virtual/vfio/${node}`);
    this.replaceLink(`/sys/dev/char/${devnum}`, `/sys/devices/virtual/vfio/${node}`);
    this.node(`/dev/vfio/${node}`, devnum);
  }

  /** Removes a group from class vfio and its node, as the kernel does after its last device. */
  removeGroup(node: string): void {
    for (const path of [`/sys/class/vfio/${node}`, `/sys/devices/virtual/vfio/${node}`, `/dev/vfio/${node}`])
      fs.rmSync(this.at(path), { recursive: true, force: true });
  }

  /** Makes the machine one with a kernel before 6.1, which has no class vfio-dev and no nodes of devices. */
  withoutVfioClass(): void {
    fs.rmSync(this.at('/sys/class/vfio-dev'), { recursive: true });
    fs.rmSync(this.at('/dev/vfio/devices'), { recursive: true });
  }

  replaceLink(path: string, to: string): void {
    fs.rmSync(this.at(path), { recursive: true, force: true });
    this.linkTo(path, to);
  }

  /** Returns all links below /dev/vfio with their targets, sorted by path. */
  links(): Record<string, string> {
    const found: Record<string, string> = {};
    const visit = (directory: string): void => {
      for (const entry of fs.readdirSync(this.at(directory), { withFileTypes: true })) {
        const path = `${directory}/${entry.name}`;
        if (entry.isSymbolicLink()) found[path.slice('/dev/vfio/'.length)] = fs.readlinkSync(this.at(path));
        else if (entry.isDirectory()) visit(path);
      }
    };
    visit('/dev/vfio');
    return Object.fromEntries(Object.entries(found).sort());
  }
}

/** Creates a fake machine that is removed after the test. */
export function fakeRoot(t: ExecutionContext): FakeRoot {
  const dir = fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-'));
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }));
  return new FakeRoot(dir);
}

/** Whether a device node can be made and opened here: not without CAP_MKNOD, and not on a file system mounted with nodev. */
export function canUseNodes(): boolean {
  const dir = fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-'));
  const node = join(dir, 'null');
  try {
    makeNode(node, '1:3');
    fs.closeSync(fs.openSync(node, 'r+'));
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

function asChar(path: string, status: FileStatus): FileStatus {
  if (status.kind !== 'file') return status;
  const devnum = /^char (\d+:\d+)\n$/.exec(Buffer.from(nodeFiles.readBytes(path, 64)).toString())?.[1];
  return devnum === undefined ? status : { ...status, kind: 'char', devnum };
}

/** nodeFiles, except that the files that replace character devices are reported as character devices. */
export const fakeFiles: SystemFiles = {
  ...nodeFiles,
  lstat: (path) => asChar(path, nodeFiles.lstat(path)),
  stat: (path) => asChar(path, nodeFiles.stat(path)),
  statNode: (path) => asChar(path, nodeFiles.statNode(path)),
  // Temporary files may be on a mount with nodev here.
  read: (path, limit) => (path === '/proc/self/mountinfo' ? '' : nodeFiles.read(path, limit)),
  openForChange: (path) => {
    const node = nodeFiles.openForChange(path);
    return { ...node, status: () => asChar(path, node.status()) };
  },
};
