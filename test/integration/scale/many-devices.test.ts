/**
 * Runs the commands with both builds on a machine with 4,096 devices, and compares their output with each other and with what the
 * machine was made from. Prints processor time and peak memory; VFIO_NAMES_DEVICES is another number of devices, a power of two.
 * Runs only if the native program is required.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { nativeCli, nodeCli } from '../../support/cli-programs.ts';
import { FakeRoot } from '../../support/fake-root.ts';
import { addManyDevices, breakMany, type ManyDevice } from '../../support/many-devices.ts';
import { isForTarget, nativeRequired, type Program, type Result } from '../../support/programs.ts';

const serially = nativeRequired && !isForTarget ? test.serial : test.skip;
const count = Number(process.env['VFIO_NAMES_DEVICES'] ?? 4096);
const builds = [nodeCli, nativeCli].filter((program) => program !== undefined);

interface Scene {
  readonly root: FakeRoot;
  readonly devices: readonly ManyDevice[];
  readonly stopwatch: string;
}

let scene: Scene | undefined;
const directory = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vfio-names-many-'));
test.after.always(() => fs.rmSync(directory, { recursive: true, force: true }));

function given(t: ExecutionContext): Scene {
  t.timeout(600_000);
  if (scene) return scene;
  const root = new FakeRoot(join(directory, 'root'));
  const stopwatch = join(directory, 'stopwatch');
  execFileSync('cc', ['-O2', '-o', stopwatch, join(import.meta.dirname, '../../bench/stopwatch.c')]);
  scene = { root, devices: addManyDevices(root, count), stopwatch };
  return scene;
}

/** Runs a command line with a build, and logs what it took. */
function run(t: ExecutionContext, { name, command }: Program, line: string): Result {
  const { root, stopwatch } = given(t);
  const usage = join(directory, 'usage');
  const { status, stdout, stderr } = spawnSync(
    stopwatch,
    [...command, ...line.split(' '), '--host-root', root.dir],
    {
      env: { STOPWATCH_FILE: usage, PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    },
  );
  const [, cpu = 0, memory = 0] = fs.readFileSync(usage, 'utf8').split(' ').map(Number);
  t.log(`${line}, ${name}: ${(cpu / 1e9).toFixed(2)} s, ${(memory / 1e6).toFixed(0)} MB`);
  return { status: status ?? 'killed', out: stdout, err: stderr };
}

/** Runs a command line with both builds, which must print the same and end with `status`. */
function both(t: ExecutionContext, line: string, status = 0): string {
  const [first, second] = builds.map((program) => run(t, program, line));
  t.is(first?.status, status, `${line}: ${first?.err.slice(0, 500)}`);
  // Not by deepEqual, which would draw the difference of two long texts.
  t.true(first?.out === second?.out && first?.err === second?.err, `${line} prints the same in both builds`);
  t.is(second?.status, status, line);
  return first?.out ?? '';
}

const document = (text: string) => JSON.parse(text);

/** The links that must exist, with their targets. */
function expectedLinks(devices: readonly ManyDevice[]): Record<string, string> {
  const links = devices.flatMap(({ names, sysname, group }) =>
    names.flatMap((name) => {
      const up = '../'.repeat(name.split('/').length - 1);
      return [
        [name, `${up}devices/${sysname}`],
        [`groups/${name}`, `${up}../${group}`],
      ];
    }),
  );
  return Object.fromEntries(links.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

/** The access of each node of a device. */
function accessOf(root: FakeRoot, devices: readonly ManyDevice[]): string[] {
  return devices.map(({ sysname }) => {
    const { uid, gid, mode } = fs.statSync(root.at(`/dev/vfio/devices/${sysname}`));
    return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
  });
}

/** Removes all links, and sets the access of the kernel. */
function reset({ root, devices }: Scene): void {
  for (const name of fs.readdirSync(root.at('/dev/vfio')))
    if (name !== 'devices' && !/^\d+$/.test(name))
      fs.rmSync(root.at(`/dev/vfio/${name}`), { recursive: true });
  const nodes = [...devices.map(({ sysname }) => `devices/${sysname}`), ...devices.map(({ group }) => group)];
  for (const node of nodes) {
    fs.chownSync(root.at(`/dev/vfio/${node}`), 0, 0);
    fs.chmodSync(root.at(`/dev/vfio/${node}`), 0o600);
  }
}

serially(`list, plan and config know each of ${count} devices`, (t) => {
  const { devices } = given(t);
  const sorted = (names: Iterable<string>): string[] => [...names].sort();
  const listed: ManyDevice[] = document(both(t, 'list --json')).devices;
  t.deepEqual(
    sorted(
      listed.map((found) =>
        [found.bus, found.name, found.syspath, found.group, (found as never)['node']].join(' '),
      ),
    ),
    sorted(
      devices.map((found) => [found.bus, found.name, found.syspath, found.group, found.sysname].join(' ')),
    ),
  );
  t.is(new Set(both(t, 'list --no-header --columns name').trim().split('\n')).size, count);
  t.is(both(t, 'list --no-header --long').trim().split('\n').length, count);
  const links = expectedLinks(devices);
  const { changes } = document(both(t, 'plan --json', 6));
  t.deepEqual(
    sorted(
      changes.flatMap(({ action, link, target }: Record<string, string>) =>
        action === 'create' ? [`${link} ${target}`] : [],
      ),
    ),
    sorted(Object.entries(links).map(([link, target]) => `/dev/vfio/${link} ${target}`)),
  );
  t.is(document(both(t, 'verify --json', 1)).findings.length > Object.keys(links).length, true);
  for (const line of [
    'config check',
    'config show --json',
    'rules render',
    'rules render --target mdev',
    'nfd',
  ])
    both(t, line);
  t.regex(both(t, 'doctor', 1), new RegExp(`\\b${count} bound to VFIO drivers`));
});

for (const [index, program] of builds.entries())
  serially(
    `sync makes each name of ${count} devices and groups, and sets the access: ${index === 0 ? 'Node' : 'native'}`,
    (t) => {
      const now = given(t);
      const { root, devices } = now;
      reset(now);
      t.is(run(t, program, 'sync --quiet').status, 0);
      t.deepEqual(root.links(), expectedLinks(devices));
      t.deepEqual(
        accessOf(root, devices),
        devices.map(({ access }) => access),
      );
      t.regex(run(t, program, 'sync').out, /nothing to change/);
    },
  );

serially(`every command agrees with the names of ${count} devices`, (t) => {
  const { devices } = given(t);
  const listed: { name: string; links: readonly string[]; state: string }[] = document(
    both(t, 'list --json'),
  ).devices;
  const namesOf = new Map(devices.map(({ name, names }) => [name, names]));
  for (const { name, links, state } of listed) {
    const expected = (namesOf.get(name) ?? []).flatMap((link) => [
      `/dev/vfio/${link}`,
      `/dev/vfio/groups/${link}`,
    ]);
    if (state !== 'ok' || [...links].sort().join() !== expected.sort().join())
      t.fail(`${name}: ${state}, ${links.join()}`);
  }
  both(t, 'plan');
  both(t, 'verify');
  both(t, 'holders --json', 4);
  for (const format of ['text', 'dot']) {
    const text = both(t, `graph --format ${format}`);
    // The cells of a grid have the number of the VF, or the first digits of the UUID.
    for (const { name, bus } of devices)
      if (bus === 'platform' || bus === 'fsl-mc') t.true(text.includes(name), name);
  }
  const graph = both(t, 'graph --json');
  t.is(devices.filter(({ syspath }) => !graph.includes(`"${syspath}"`)).length, 0);
  for (const bus of ['pci', 'mdev', 'platform', 'fsl-mc']) {
    const own = devices.filter((device) => device.bus === bus);
    t.is(document(both(t, `cdi --bus ${bus}`)).devices.length, own.length);
    t.is(both(t, `list --no-header --bus ${bus}`).trim().split('\n').length, own.length);
    const last = own.at(-1);
    for (const name of [last?.name, last?.sysname, last?.names.at(-1), last?.syspath])
      t.is(both(t, `resolve ${name}`), `/dev/vfio/devices/${last?.sysname}\n`);
    t.true(both(t, `show ${last?.name}`).includes(last?.syspath ?? '-'));
  }
});

for (const program of builds)
  serially(
    `watch makes all names of ${count} devices again that are removed at once: ${program.name}`,
    async (t) => {
      const now = given(t);
      const { root, devices } = now;
      const [file, ...args] = program.command;
      const child = spawn(file, [...args, 'watch', '--host-root', root.dir, '--interval', '9999'], {
        env: {},
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const first = await lines.next();
      t.regex(String(first.value), new RegExp(`^watching: ${count} devices`));
      fs.rmSync(root.at('/dev/vfio/by-tag'), { recursive: true });
      const missing = new Set(devices.map(({ bus, name }) => `by-tag/${bus}-${name.replace(/[:.]/g, '_')}`));
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        missing.delete(/^repaired \/dev\/vfio\/(\S+)/.exec(line.value)?.[1] ?? '');
        if (missing.size === 0) break;
      }
      const [, , , , , , , , , , , , , user = '0', system = '0'] = fs
        .readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .split(' ');
      const memory = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      t.log(
        `watch, ${program.name}: ${(Number(user) + Number(system)) / 100} s, ${Math.round(Number(memory) / 1000)} MB`,
      );
      child.kill('SIGTERM');
      t.deepEqual(await once(child, 'exit'), [0, null]);
      t.deepEqual(root.links(), expectedLinks(devices));
    },
  );

serially(`both builds say the same about ${count} devices of which many are broken`, (t) => {
  const { root, devices } = given(t);
  const broken = breakMany(root, devices);
  const { problems } = document(both(t, 'list --json'));
  t.is(problems.length, broken);
  for (const line of ['list', 'graph']) both(t, line);
  for (const line of ['plan', 'verify', 'verify --json', 'doctor', 'sync --dry-run --json']) both(t, line, 1);
});
