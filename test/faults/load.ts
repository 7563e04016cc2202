/** The service while devices come and go a thousand times a second, and fifty commands run at once beside it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../fuzz/hostile.ts';
import type { Check } from './rights.ts';

const devices = 512;
const perSecond = 1000;
const atOnce = 50;
/** For the names to be true once it is quiet, in milliseconds: a slow machine's time, not ours. */
const soon = 120_000;
const commands = [
  ['list'],
  ['verify'],
  ['resolve', '0000:00:02.0'],
  ['plan'],
  ['sync'],
  ['show', '0000:00:02.0'],
];

/** `seconds` of load; `work` is a directory of ours, `program` the built vfio-names. */
export async function* checkLoad(work: string, program: string, seconds: number): AsyncGenerator<Check> {
  const root = join(work, 'load');
  const fixture = join(work, 'fixture');
  execFileSync('cc', ['-O2', '-o', fixture, join(import.meta.dirname, '../bench/fixture.c')]);
  execFileSync(fixture, [root, String(devices)]);
  const machine = new Machine(root);
  const service = spawn(process.execPath, [program, 'watch', '--root', root, '--json'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  service.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000);
  });
  const running = Array.from({ length: atOnce }, (_, index) =>
    run(program, root, commands[index % commands.length] ?? []),
  );
  const plugs = await plug(machine, seconds);
  const statuses = await Promise.all(running);
  const odd = statuses.filter(({ status, err }) => ![0, 1, 3].includes(status ?? -1) || /^\s+at /m.test(err));
  yield {
    sentence: `${atOnce} commands at once beside ${plugs} hot plugs end by themselves, with an answer`,
    wrong: odd.map(({ words, status, err }) => `${words.join(' ')}: ${status}: ${err}`).join('; '),
  };
  const end = performance.now() + soon;
  while (machine.difference() !== '' && performance.now() < end) await pause(50);
  yield {
    sentence: 'once it is quiet every name is true, and no other is there',
    wrong: machine.difference(),
  };
  yield {
    sentence: 'the service is still there',
    wrong: service.exitCode === null ? '' : `status ${service.exitCode}: ${complaints}`,
  };
  service.kill('SIGTERM');
  const [status] = service.exitCode === null ? await once(service, 'close') : [service.exitCode];
  yield { sentence: 'and ends with status 0', wrong: status === 0 ? '' : `status ${status}: ${complaints}` };
}

/** Devices that come and go as the kernel does it: sysfs first when one comes, the node first when it goes. */
class Machine {
  readonly #root: string;
  readonly #here: boolean[];

  constructor(root: string) {
    this.#root = root;
    this.#here = Array.from({ length: devices }, () => true);
    for (const path of ['gone-nodes', 'gone-entries']) mkdirSync(join(root, path));
  }

  toggle(number: number): void {
    const places = [
      [`dev/vfio/devices/vfio${number}`, `gone-nodes/vfio${number}`],
      [`sys/class/vfio-dev/vfio${number}`, `gone-entries/vfio${number}`],
    ] as const;
    const here = this.#here[number] ?? false;
    for (const [place, away] of here ? places : [...places].reverse())
      renameSync(join(this.#root, here ? place : away), join(this.#root, here ? away : place));
    this.#here[number] = !here;
  }

  /** What is wrong with the names; empty where they are the truth. */
  difference(): string {
    const directory = join(this.#root, 'dev/vfio/pci');
    const found = existsSync(directory) ? readdirSync(directory) : [];
    const wanted = new Map<string, string>();
    for (const [number, here] of this.#here.entries())
      if (here) wanted.set(nameOf(number), `../devices/vfio${number}`);
    for (const name of found) {
      const path = join(directory, name);
      if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return `${name} is no link`;
      if (wanted.get(name) !== readlinkSync(path)) return `${name} leads to ${readlinkSync(path)}`;
      wanted.delete(name);
    }
    return wanted.size === 0 ? '' : `${wanted.size} names are missing`;
  }
}

/** As the fixture names them. */
function nameOf(number: number): string {
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
  return `${hex(number >> 8, 4)}:00:${hex((number >> 3) % 32, 2)}.${number % 8}`;
}

/** So many hot plugs a second as the machine can, a thousand at most; the first device stays, for the commands. */
async function plug(machine: Machine, seconds: number): Promise<number> {
  const random = randomFrom(1);
  const begin = performance.now();
  let plugs = 0;
  for (let now = begin; now < begin + seconds * 1000; now = performance.now()) {
    for (const due = ((now - begin) / 1000) * perSecond; plugs < due; plugs++) {
      const number = Math.floor(random() * devices);
      if (number !== 16) machine.toggle(number);
    }
    await pause(1);
  }
  return plugs;
}

interface Done {
  readonly words: readonly string[];
  readonly status: number | null;
  readonly err: string;
}

async function run(program: string, root: string, words: readonly string[]): Promise<Done> {
  const child: ChildProcess = spawn(process.execPath, [program, ...words, '--root', root], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err = (err + text).slice(0, 2000);
  });
  const [status] = await once(child, 'close');
  return { words, status, err };
}
