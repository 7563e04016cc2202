/** The service as its unit starts it: from a node to its name, a burst, what it takes when nothing happens, its memory. */
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
import { attempt } from '../../src/errors.ts';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { Workshop } from './workshop.ts';

/** More devices than any machine has. */
const many = 10_000;
const burst = 4096;
/** Milliseconds of quiet in which the processor's time is taken; as many before that are for V8 to tidy up. */
const quiet = 10_000;
/** Looks at everything, each of which leaves as much behind as the first one. */
const looks = 6;

export async function measureWatch(table: Table, shop: Workshop): Promise<void> {
  const root = shop.fixture(many);
  const plain = shop.fixture(64);
  const service = await start(serviceOf(shop, root));
  const follower = await start([shop.compile('follow'), plain]);
  await table.compare(
    `watch ${many}, node to name`,
    () => addOne(root),
    'C, by inotify',
    () => addOne(plain),
  );
  await follower.end();
  await pause(quiet);
  const before = cpu(service.pid);
  await pause(quiet);
  table.add({
    what: `watch ${many}, idle CPU`,
    beside: 'all of one processor',
    ratio: (cpu(service.pid) - before) / quiet,
    aim: '<= 0',
  });
  await service.end();
  const figures = join(shop.work, 'figures.prom');
  const busy = await start([...serviceOf(shop, root, 1), '--metrics', figures]);
  await until(() => passes(figures) >= looks);
  table.add({
    what: `watch ${many}, memory`,
    beside: '90 MB',
    ratio: (peak(busy.pid) * 1024) / 90e6,
    aim: '<= 1',
  });
  await busy.end();
  await measureBurst(table, shop);
}

/** From the first of many nodes that come at once to the last name; beside one pass of `sync` for all. */
async function measureBurst(table: Table, shop: Workshop): Promise<void> {
  const root = join(shop.work, 'burst');
  spawnSync(shop.compile('fixture'), [root, String(burst)], { stdio: 'inherit' });
  const [devices, pci] = [join(root, 'dev/vfio/devices'), join(root, 'dev/vfio/pci')];
  const [nodes, known] = [join(root, 'nodes'), join(root, 'sys/class/vfio-dev')];
  mkdirSync(nodes);
  const come = (): void => {
    rmSync(known, { recursive: true });
    renameSync(`${known}.all`, known);
    for (const node of readdirSync(nodes)) renameSync(join(nodes, node), join(devices, node));
  };
  const go = (): void => {
    renameSync(known, `${known}.all`);
    mkdirSync(known);
    for (const node of readdirSync(devices)) renameSync(join(devices, node), join(nodes, node));
  };
  // The service removes the directory after the last name: only then it is done.
  const gone = (): boolean => !isThere(pci);
  const links = (): number => attempt(() => readdirSync(pci).length, 'ENOENT') ?? 0;
  go();
  const service = await start(serviceOf(shop, root));
  await table.compare(
    `watch, burst of ${burst}`,
    async () => {
      await until(gone);
      const begin = performance.now();
      come();
      await until(() => links() === burst);
      const took = performance.now() - begin;
      go();
      return took;
    },
    'sync, one process',
    async () => {
      await until(gone);
      service.pause();
      come();
      const begin = performance.now();
      spawnSync(...split(shop.ours('sync', '--root', root)), { stdio: 'ignore' });
      const took = performance.now() - begin;
      go();
      service.goOn();
      return took;
    },
    undefined,
    5,
  );
  await service.end();
}

function split([program, ...words]: CommandLine): [string, string[]] {
  return [program, words];
}

function serviceOf({ dist }: Workshop, root: string, interval = 99_999): CommandLine {
  return [
    process.execPath,
    ...['--jitless', '--no-expose-wasm', '--optimize-for-size'],
    ...[join(dist, 'vfio-names.cjs'), 'watch', '--root', root, '--interval', String(interval)],
  ];
}

/** A device comes, and goes again; milliseconds from its node to its name. */
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
  await until(() => isThere(link));
  const took = performance.now() - begin;
  rmSync(entry);
  rmSync(device, { recursive: true });
  rmSync(node);
  await until(() => !isThere(link));
  return took;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Asks again and again, with a pause that is short beside what is measured. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(1);
}

interface Running {
  readonly pid: number;
  readonly pause: () => void;
  readonly goOn: () => void;
  readonly end: () => Promise<void>;
}

/** Returns when the program says that it watches. */
async function start([program, ...words]: CommandLine): Promise<Running> {
  const child: ChildProcess = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (text: Buffer) => {
      said = said.includes('watching') ? said : said + text.toString();
      if (said.includes('watching')) resolve();
    });
    child.once('close', () => reject(new Error(`${program} did not start`)));
  });
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return {
    pid: child.pid,
    pause: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    end: async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
    },
  };
}

/** Processor time in milliseconds; a tick of proc_pid_stat(5) is 10 of them on every machine that Node runs on. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function passes(figures: string): number {
  const text = attempt(() => readFileSync(figures, 'utf8'), 'ENOENT') ?? '';
  return Number(/^vfio_names_passes_total (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** The most memory that it ever had, in KiB. */
function peak(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
