/** Builds a fake sysfs and /dev below a temporary directory, for the states that no machine at hand has. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Device } from '../../src/devices/device.ts';
import type { Files, Status } from '../../src/system/files.ts';
import { nodeFiles } from '../../src/system/node-files.ts';

export interface FakeDevice {
  readonly bus?: string;
  readonly name: string;
  /** `vfioN`; without it the device is not bound. */
  readonly sysname?: string;
  /** `undefined` is 247:N; `false` is a kernel without nodes. */
  readonly devnum?: string | false;
  /** The directory above the device's own, `/sys/devices/pci0000:00`. */
  readonly above?: string;
  readonly driver?: string;
  readonly group?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** No node in /dev although sysfs has a devnum. */
  readonly noNode?: boolean;
  /** A file in its place: it is there, which is all that links need, and costs no mknod. */
  readonly emptyNode?: boolean;
}

export class FakeRoot {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
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

  /** A relative link between two paths of the fake machine. */
  link(path: string, to: string): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.symlinkSync(relative(dirname(this.at(path)), this.at(to)), this.at(path));
  }

  /** A link with exactly this target. */
  linkText(path: string, target: string): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.rmSync(this.at(path), { force: true });
    fs.symlinkSync(target, this.at(path));
  }

  /** A char node: a real one where mknod is allowed, else a file that `fakeFiles` shows as one. */
  node(path: string, devnum: string, mode = 0o600): void {
    fs.mkdirSync(dirname(this.at(path)), { recursive: true });
    fs.rmSync(this.at(path), { force: true });
    const [major = '0', minor = '0'] = devnum.split(':');
    const made =
      process.getuid?.() === 0 && spawnSync('mknod', [this.at(path), 'c', major, minor]).status === 0;
    if (!made) fs.writeFileSync(this.at(path), `char ${devnum}\n`);
    fs.chmodSync(this.at(path), mode);
  }

  /** Adds a device; with a `sysname` it is bound to a VFIO driver. Gives it as a scan would. */
  add(fake: FakeDevice): Device {
    const bus = fake.bus ?? 'pci';
    const syspath = `${fake.above ?? '/sys/devices/pci0000:00'}/${fake.name}`;
    fs.mkdirSync(this.at(syspath), { recursive: true });
    fs.mkdirSync(this.at(`/sys/bus/${bus}/devices`), { recursive: true });
    this.relink(`${syspath}/subsystem`, `/sys/bus/${bus}`);
    this.relink(`/sys/bus/${bus}/devices/${fake.name}`, syspath);
    if (fake.driver !== undefined) {
      fs.mkdirSync(this.at(`/sys/bus/${bus}/drivers/${fake.driver}`), { recursive: true });
      this.relink(`${syspath}/driver`, `/sys/bus/${bus}/drivers/${fake.driver}`);
    }
    if (fake.group !== undefined) {
      fs.mkdirSync(this.at(`/sys/kernel/iommu_groups/${fake.group}/devices`), { recursive: true });
      this.relink(`${syspath}/iommu_group`, `/sys/kernel/iommu_groups/${fake.group}`);
      this.relink(`/sys/kernel/iommu_groups/${fake.group}/devices/${fake.name}`, syspath);
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
      this.relink(`${directory}/device`, syspath);
      this.relink(`${directory}/subsystem`, '/sys/class/vfio-dev');
      this.write(`${directory}/uevent`, devnum === undefined ? '' : `DEVNAME=vfio/devices/${sysname}\n`);
      this.relink(`/sys/class/vfio-dev/${sysname}`, directory);
      if (devnum !== undefined) {
        this.write(`${directory}/dev`, `${devnum}\n`);
        if (fake.emptyNode) this.write(`/dev/vfio/devices/${sysname}`, '');
        else if (!fake.noNode) this.node(`/dev/vfio/devices/${sysname}`, devnum);
      }
    }
    return { bus, name: fake.name, sysname, ...(devnum !== undefined && { devnum }), syspath };
  }

  /** Unbinds a device as the kernel does: its VFIO directory, its class link and its node go; links stay. */
  unbind(device: Device): void {
    fs.rmSync(this.at(`${device.syspath}/vfio-dev`), { recursive: true, force: true });
    fs.rmSync(this.at(`/sys/class/vfio-dev/${device.sysname}`), { force: true });
    fs.rmSync(this.at(`/dev/vfio/devices/${device.sysname}`), { force: true });
  }

  relink(path: string, to: string): void {
    fs.rmSync(this.at(path), { force: true });
    this.link(path, to);
  }

  /** All links below /dev/vfio, by path, with their targets. */
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

/** A fake machine that goes with its test. */
export function fakeRoot(t: ExecutionContext): FakeRoot {
  const dir = fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-'));
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }));
  return new FakeRoot(dir);
}

function asChar(path: string, status: Status): Status {
  if (status.kind !== 'file') return status;
  const devnum = /^char (\d+:\d+)\n$/.exec(nodeFiles.read(path, 64))?.[1];
  return devnum === undefined ? status : { ...status, kind: 'char', devnum };
}

/** Node's files, in which the stand-ins for char nodes look like the real ones. */
export const fakeFiles: Files = {
  ...nodeFiles,
  lstat: (path) => asChar(path, nodeFiles.lstat(path)),
  stat: (path) => asChar(path, nodeFiles.stat(path)),
  fstat: (path) => asChar(path, nodeFiles.fstat(path)),
};
