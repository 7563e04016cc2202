/** Load test: devices are added and removed a thousand times a second while the service and fifty commands run. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../fuzz/hostile.ts';
import type { Check, Program } from './rights.ts';

const DEVICES = 512;
const CHANGES_PER_SECOND = 1000;
const COMMANDS_AT_ONCE = 50;
/** Time for the links to become correct after the last device change, in milliseconds; enough for a slow machine. */
const SETTLE_TIMEOUT_MS = 120_000;
const commands = [
  ['list'],
  ['verify'],
  ['resolve', '0000:00:02.0'],
  ['plan'],
  ['sync'],
  ['show', '0000:00:02.0'],
];

/** Runs the load test for `seconds`; `work` is a temporary directory. */
export async function* checkLoad(work: string, program: Program, seconds: number): AsyncGenerator<Check> {
  const root = join(work, 'load');
  const fixture = join(work, 'fixture');
  execFileSync('cc', ['-O2', '-o', fixture, join(import.meta.dirname, '../bench/fixture.c')]);
  execFileSync(fixture, [root, String(DEVICES)]);
  const machine = new Machine(root);
  const [file = '', ...first] = program;
  const service = spawn(file, [...first, 'watch', '--root', root, '--json'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  service.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  const running = Array.from({ length: COMMANDS_AT_ONCE }, (_, index) =>
    run(program, root, commands[index % commands.length] ?? []),
  );
  const changes = await changeDevices(machine, seconds);
  const results = await Promise.all(running);
  const failed = results.filter(
    ({ status, err }) => ![0, 1, 3].includes(status ?? -1) || /^\s+at /m.test(err),
  );
  yield {
    title: `${COMMANDS_AT_ONCE} commands at once exit with status 0, 1 or 3 during ${changes} device changes`,
    problem: failed.map(({ args, status, err }) => `${args.join(' ')}: ${status}: ${err}`).join('; '),
  };
  const end = performance.now() + SETTLE_TIMEOUT_MS;
  while (machine.difference() !== '' && performance.now() < end) await pause(50);
  yield {
    title: 'watch creates a correct link for each device and no other link after the last change',
    problem: machine.difference(),
  };
  yield {
    title: 'watch is still running after the load',
    problem: service.exitCode === null ? '' : `status ${service.exitCode}: ${stderr}`,
  };
  service.kill('SIGTERM');
  const [status] = service.exitCode === null ? await once(service, 'close') : [service.exitCode];
  yield {
    title: 'watch exits with status 0 on SIGTERM',
    problem: status === 0 ? '' : `status ${status}: ${stderr}`,
  };
}

/** Adds and removes devices in the kernel's order: adds the sysfs entry before the node, removes the node first. */
class Machine {
  readonly #root: string;
  readonly #present: boolean[];

  constructor(root: string) {
    this.#root = root;
    this.#present = Array.from({ length: DEVICES }, () => true);
    for (const path of ['gone-nodes', 'gone-entries']) mkdirSync(join(root, path));
  }

  toggle(number: number): void {
    const places = [
      [`dev/vfio/devices/vfio${number}`, `gone-nodes/vfio${number}`],
      [`sys/class/vfio-dev/vfio${number}`, `gone-entries/vfio${number}`],
    ] as const;
    const present = this.#present[number] ?? false;
    for (const [place, away] of present ? places : [...places].reverse())
      renameSync(join(this.#root, present ? place : away), join(this.#root, present ? away : place));
    this.#present[number] = !present;
  }

  /** The first difference between the links and the devices; empty if all links are correct. */
  difference(): string {
    const directory = join(this.#root, 'dev/vfio/pci');
    const found = existsSync(directory) ? readdirSync(directory) : [];
    const wanted = new Map<string, string>();
    for (const [number, present] of this.#present.entries())
      if (present) wanted.set(nameOf(number), `../devices/vfio${number}`);
    for (const name of found) {
      const path = join(directory, name);
      if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return `${name} is not a link`;
      if (wanted.get(name) !== readlinkSync(path)) return `${name} points to ${readlinkSync(path)}`;
      wanted.delete(name);
    }
    return wanted.size === 0 ? '' : `${wanted.size} links are missing`;
  }
}

/** The name that fixture.c gives to a device. */
function nameOf(number: number): string {
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
  return `${hex(number >> 8, 4)}:00:${hex((number >> 3) % 32, 2)}.${number % 8}`;
}

/**
 * Adds and removes devices for `seconds`, at most CHANGES_PER_SECOND times a second; returns the number of changes. Device
 * 16 always exists, since the commands use it.
 */
async function changeDevices(machine: Machine, seconds: number): Promise<number> {
  const random = randomFrom(1);
  const begin = performance.now();
  let changes = 0;
  for (let now = begin; now < begin + seconds * 1000; now = performance.now()) {
    for (const due = ((now - begin) / 1000) * CHANGES_PER_SECOND; changes < due; changes++) {
      const number = Math.floor(random() * DEVICES);
      if (number !== 16) machine.toggle(number);
    }
    await pause(1);
  }
  return changes;
}

interface CommandResult {
  readonly args: readonly string[];
  readonly status: number | null;
  readonly err: string;
}

async function run(program: Program, root: string, args: readonly string[]): Promise<CommandResult> {
  const [file = '', ...first] = program;
  const child: ChildProcess = spawn(file, [...first, ...args, '--root', root], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err = (err + text).slice(0, 2000);
  });
  const [status] = await once(child, 'close');
  return { args, status, err };
}
