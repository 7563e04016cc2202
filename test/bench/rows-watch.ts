/** Measures the service with the options of its unit: latency from a node to its link, a burst, idle CPU time, memory. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ignoring } from '../../src/errors.ts';
import { jitless } from '../support/vfio-id-programs.ts';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

/** More devices than any machine has. */
const DEVICE_COUNT = 10_000;
const BURST_SIZE = 4096;
/** Duration of the idle measurement in milliseconds, after an equal pause for V8's garbage collection. */
const IDLE_MS = 10_000;
/** Passes before the memory is measured; each allocates as much as the first one. */
const PASS_COUNT = 6;

export async function measureWatch(table: Table, shop: BenchContext): Promise<void> {
  const root = shop.fixture(DEVICE_COUNT);
  const plain = shop.fixture(64);
  const service = await start(serviceOf(shop, root));
  const follower = await start([shop.compile('follow'), plain]);
  await table.compare(
    `watch ${DEVICE_COUNT}, node to name`,
    () => addOne(root),
    'C, by inotify',
    () => addOne(plain),
  );
  await follower.end();
  await pause(IDLE_MS);
  const before = cpu(service.pid);
  await pause(IDLE_MS);
  table.add({
    measured: `watch ${DEVICE_COUNT}, idle CPU`,
    comparedWith: 'all of one processor',
    ratio: (cpu(service.pid) - before) / IDLE_MS,
    target: '<= 0',
  });
  await service.end();
  const figures = join(shop.tempDir, 'figures.prom');
  const busy = await start([...serviceOf(shop, root, 1), '--metrics', figures]);
  await until(() => passes(figures) >= PASS_COUNT);
  table.add({
    measured: `watch ${DEVICE_COUNT}, memory`,
    comparedWith: '90 MB',
    ratio: (peak(busy.pid) * 1024) / 90e6,
    target: '<= 1',
  });
  await busy.end();
  await measureBurst(table, shop);
}

/** Measures the time from the first of many nodes created at once to the last link, against one run of `sync`. */
async function measureBurst(table: Table, shop: BenchContext): Promise<void> {
  const root = join(shop.tempDir, 'burst');
  spawnSync(shop.compile('fixture'), [root, String(BURST_SIZE)], { stdio: 'inherit' });
  const [devices, pci] = [join(root, 'dev/vfio/devices'), join(root, 'dev/vfio/pci')];
  const [hiddenNodes, entries] = [join(root, 'nodes'), join(root, 'sys/class/vfio-dev')];
  mkdirSync(hiddenNodes);
  const addAll = (): void => {
    rmSync(entries, { recursive: true });
    renameSync(`${entries}.all`, entries);
    for (const node of readdirSync(hiddenNodes)) renameSync(join(hiddenNodes, node), join(devices, node));
  };
  const removeAll = (): void => {
    renameSync(entries, `${entries}.all`);
    mkdirSync(entries);
    for (const node of readdirSync(devices)) renameSync(join(devices, node), join(hiddenNodes, node));
  };
  // The service removes the directory after the last link, so it has finished then.
  const linksRemoved = (): boolean => !exists(pci);
  const links = (): number => ignoring(() => readdirSync(pci).length, 'ENOENT') ?? 0;
  removeAll();
  const service = await start(serviceOf(shop, root));
  await table.compare(
    `watch, burst of ${BURST_SIZE}`,
    async () => {
      await until(linksRemoved);
      const begin = performance.now();
      addAll();
      await until(() => links() === BURST_SIZE);
      const elapsed = performance.now() - begin;
      removeAll();
      return elapsed;
    },
    'sync, one process',
    async () => {
      await until(linksRemoved);
      service.pause();
      addAll();
      const begin = performance.now();
      spawnSync(...split(shop.command('sync', '--root', root)), { stdio: 'ignore' });
      const elapsed = performance.now() - begin;
      removeAll();
      service.resume();
      return elapsed;
    },
    undefined,
    5,
  );
  await service.end();
}

function split([program, ...args]: CommandLine): [string, string[]] {
  return [program, args];
}

function serviceOf({ dist }: BenchContext, root: string, interval = 99_999): CommandLine {
  return [
    process.execPath,
    ...[...jitless, '--optimize-for-size'],
    ...[join(dist, 'vfio-names.cjs'), 'watch', '--root', root, '--interval', String(interval)],
  ];
}

/** Adds a device and removes it again; returns the milliseconds from its node to its link. */
async function addOne(root: string): Promise<number> {
  const [name, sysname] = ['ffff:00:00.0', 'vfio20000'];
  const device = join(root, 'sys/devices/pciffff:00', name);
  const entry = join(root, 'sys/class/vfio-dev', sysname);
  const [node, link] = [join(root, 'dev/vfio/devices', sysname), join(root, 'dev/vfio/pci', name)];
  mkdirSync(join(device, 'vfio-dev', sysname), { recursive: true });
  symlinkSync('../../../bus/pci', join(device, 'subsystem'));
  writeFileSync(join(device, 'vfio-dev', sysname, 'dev'), '511:20000\n');
  symlinkSync(`../../devices/pciffff:00/${name}/vfio-dev/${sysname}`, entry);
  spawnSync('mknod', [`${node}.new`, 'c', '511', '20000'], { stdio: 'inherit' });
  const begin = performance.now();
  renameSync(`${node}.new`, node);
  await until(() => exists(link));
  const elapsed = performance.now() - begin;
  rmSync(entry);
  rmSync(device, { recursive: true });
  rmSync(node);
  await until(() => !exists(link));
  return elapsed;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Polls a condition, with a pause that is short compared to the measured times. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(1);
}

interface Running {
  readonly pid: number;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly end: () => Promise<void>;
}

/** Starts a program; returns after it has printed `watching`. */
async function start([program, ...args]: CommandLine): Promise<Running> {
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (text: Buffer) => {
      output = output.includes('watching') ? output : output + text.toString();
      if (output.includes('watching')) resolve();
    });
    child.once('close', () => reject(new Error(`${program} did not start`)));
  });
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return {
    pid: child.pid,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    end: async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
    },
  };
}

/** CPU time in milliseconds; a clock tick of proc_pid_stat(5) is 10 ms on every machine that Node supports. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function passes(figures: string): number {
  const text = ignoring(() => readFileSync(figures, 'utf8'), 'ENOENT') ?? '';
  return Number(/^vfio_names_passes_total (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Peak resident memory in KiB. */
function peak(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
