import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Io, Signal } from '../../src/cli/command.ts';
import { watchWith } from '../../src/cli/commands/watch.ts';
import { commands, commonOptions } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { longestPause, shortestPause } from '../../src/watch/loop.ts';
import type { TriggerOptions } from '../../src/watch/trigger.ts';
import { runCli } from '../helpers/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { schemaErrors } from '../helpers/schema.ts';
import { cdiMistakes } from '../integrations/cdi-shape.ts';
import { fakeClock } from './fake-clock.ts';

interface Service {
  readonly file: string;
  readonly nodes: () => Record<string, string>;
  /** The lines of --json that tell of the file. */
  readonly told: () => string[];
  readonly err: string[];
  readonly groups: boolean | undefined;
  readonly look: (place?: string) => Promise<void>;
  readonly end: () => Promise<number>;
}

/** The service with --cdi on a clock that stands still. */
async function start(t: ExecutionContext, root: FakeRoot, ...words: string[]): Promise<Service> {
  const clock = fakeClock();
  const file = root.at('/run/cdi/vfio.json');
  let out = '';
  const err: string[] = [];
  let handlers: Readonly<Record<Signal, () => void>> | undefined;
  let options: TriggerOptions | undefined;
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (line) => err.push(line),
    env: {},
    stdoutIsTty: false,
    stdinIsTty: false,
    files: fakeFiles,
    signals: (given) => {
      handlers = given;
      return () => {};
    },
  };
  const line = ['watch', '--root', root.dir, '--json', '--cdi', file, ...words];
  const parsed = parseCommandLine(line, commands, commonOptions, io);
  if (parsed.kind !== 'run') throw new Error('not a run');
  const world = {
    clock,
    trigger: (given: TriggerOptions) => {
      options = given;
      return { rearm: () => {}, close: () => Promise.resolve() };
    },
    notify: () => Promise.resolve(undefined),
  };
  const status = watchWith(world, parsed.invocation, io);
  while (!options) await new Promise((resolve) => setImmediate(resolve));
  const { hint, groups } = options;
  await clock.pass(shortestPause);
  const end = (): Promise<number> => {
    handlers?.SIGTERM();
    return status;
  };
  t.teardown(end);
  return {
    file,
    err,
    groups,
    end,
    look: async (place) => {
      hint('event', place);
      await clock.pass(longestPause);
    },
    nodes: () => {
      const document = JSON.parse(fs.readFileSync(file, 'utf8'));
      t.deepEqual(cdiMistakes(document), []);
      return Object.fromEntries(
        document.devices.map(
          (device: { name: string; containerEdits: { deviceNodes: { hostPath: string }[] } }) => [
            device.name,
            device.containerEdits.deviceNodes[0]?.hostPath,
          ],
        ),
      );
    },
    told: () =>
      out.split('\n').flatMap((text) => {
        if (text === '') return [];
        const document = JSON.parse(text);
        t.deepEqual(schemaErrors('watch', document), [], text);
        return document.event === 'cdi' ? [`${document.reason} ${document.trigger}`] : [];
      }),
  };
}

function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  root.node('/dev/iommu', '10:125');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  return root;
}

const [one, two] = ['0000:01:00.0', '0000:02:00.0'] as const;

test('the file comes with the first device, follows its number, and goes with the last', async (t) => {
  const root = machine(t);
  const service = await start(t, root);
  t.false(fs.existsSync(service.file));
  const device = root.add({ name: one, sysname: 'vfio0' });
  await service.look('devices/vfio0');
  t.deepEqual(service.nodes(), { [one]: '/dev/vfio/devices/vfio0' });
  root.unbind(device);
  const other = root.add({ name: two, sysname: 'vfio0' });
  const moved = root.add({ name: one, sysname: 'vfio1' });
  await service.look('devices/vfio0');
  t.deepEqual(service.nodes(), { [one]: '/dev/vfio/devices/vfio1', [two]: '/dev/vfio/devices/vfio0' });
  for (const gone of [other, moved]) root.unbind(gone);
  await service.look();
  t.false(fs.existsSync(service.file));
  t.deepEqual(service.told(), ['written event', 'written event', 'gone event']);
  t.deepEqual(service.err, []);
});

test('the file is right before the names are: a device that goes leaves it first', async (t) => {
  const root = machine(t);
  const device = root.add({ name: one, sysname: 'vfio0' });
  root.add({ name: two, sysname: 'vfio1' });
  const service = await start(t, root);
  root.unbind(device);
  // The name can't be removed: the file does not wait for it.
  fs.rmSync(root.at(`/dev/vfio/pci/${one}`));
  fs.mkdirSync(root.at(`/dev/vfio/pci/${one}/below`), { recursive: true });
  await service.look('devices/vfio0');
  t.deepEqual(service.nodes(), { [two]: '/dev/vfio/devices/vfio1' });
});

test('changes of names alone are no reason to look at the nodes', async (t) => {
  const root = machine(t);
  root.add({ name: one, sysname: 'vfio0' });
  const service = await start(t, root);
  fs.rmSync(service.file);
  await service.look(`pci/${one}`);
  t.false(fs.existsSync(service.file));
  await service.look('devices/vfio0');
  t.true(fs.existsSync(service.file));
});

test('the end takes the file away, since nobody keeps it true any more', async (t) => {
  const root = machine(t);
  root.add({ name: one, sysname: 'vfio0' });
  const service = await start(t, root);
  t.true(fs.existsSync(service.file));
  t.is(await service.end(), 0);
  t.deepEqual(fs.readdirSync(root.at('/run/cdi')), []);
  t.deepEqual(root.links(), { [`pci/${one}`]: '../devices/vfio0' });
});

test("another's file in its place is told of once and left alone; the names are kept", async (t) => {
  const root = machine(t);
  root.add({ name: one, sysname: 'vfio0' });
  root.write('/run/cdi/vfio.json', '{"kind":"nvidia.com/gpu"}');
  const service = await start(t, root);
  await service.look();
  await service.end();
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /expected a CDI specification of the kind vfio-names\.dev\/pci or nothing/);
  t.is(fs.readFileSync(service.file, 'utf8'), '{"kind":"nvidia.com/gpu"}');
  t.deepEqual(root.links(), { [`pci/${one}`]: '../devices/vfio0' });
});

test('a device that stays left out is told of once, one that is just leaving is not', async (t) => {
  const root = machine(t);
  root.add({ name: one, sysname: 'vfio0' });
  const leaving = root.add({ name: two, sysname: 'vfio1' });
  root.add({ name: 'bad name', sysname: 'vfio2' });
  const service = await start(t, root, '--interval', '1');
  fs.rmSync(root.at('/dev/vfio/devices/vfio1'));
  await service.look();
  root.unbind(leaving);
  for (let looks = 0; looks < 8; looks++) await service.look();
  const lines = service.err.filter((line) => line.includes('left out'));
  t.is(lines.length, 1, service.err.join('\n'));
  t.regex(lines[0] ?? '', /bad name is left out/);
});

test('groups: the file names their nodes, and the watch hears of them', async (t) => {
  const root = machine(t);
  root.add({ name: one, sysname: 'vfio0', group: '14' });
  for (const [path, attribute, devnum] of [
    ['/dev/vfio/vfio', 'misc/vfio', '10:196'],
    ['/dev/vfio/14', 'vfio/14', '246:14'],
  ] as const) {
    root.node(path, devnum);
    root.write(`/sys/class/${attribute}/dev`, `${devnum}\n`);
  }
  const service = await start(t, root, '--interface', 'group', '--kind', 'example.com/card');
  t.deepEqual(service.nodes(), { [one]: '/dev/vfio/14' });
  t.true(service.groups);
  fs.rmSync(root.at('/dev/vfio/14'));
  await service.look('14');
  t.false(fs.existsSync(service.file));
});

const refused = test.macro({
  async exec(t, words: readonly string[], pattern: RegExp) {
    const { status, err } = await runCli(['watch', '--root', fakeRoot(t).dir, ...words]);
    t.is(status, 2);
    t.regex(err.join('\n'), pattern);
  },
  title: (_, words: readonly string[]) => `watch ${words.join(' ')} is refused`,
});
test(refused, ['--cdi', '/run/cdi/x.yaml'], /expected --cdi to end in \.json/);
test(refused, ['--cdi', '/run/cdi/x.json', '--kind', 'x'], /expected --kind to be VENDOR\/CLASS/);
test(refused, ['--bus', 'pci'], /expected --cdi FILE beside --bus, found none/);
