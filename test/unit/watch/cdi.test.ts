import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { parseCommandLine } from '../../../src/cli/args.ts';
import type { Io } from '../../../src/cli/command.ts';
import { run } from '../../../src/cli/commands/watch.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import type { SignalHandlers } from '../../../src/system/process.ts';
import type { WatcherOptions } from '../../../src/system/watcher.ts';
import { maxDebounceMs, minDebounceMs } from '../../../src/watch/loop.ts';
import { cdiErrors } from '../../support/cdi-shape.ts';
import { runCli } from '../../support/cli.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { schemaErrors } from '../../support/schema.ts';
import { testSystem } from '../../support/system.ts';

interface Service {
  readonly file: string;
  readonly nodes: () => Record<string, string>;
  /** The events of the CDI file in the output of --json. */
  readonly cdiEvents: () => string[];
  readonly err: string[];
  /** Whether changes of group nodes and of the container are reported. */
  readonly groups: boolean;
  readonly pass: (place?: string) => Promise<void>;
  readonly end: () => Promise<number>;
}

/** Starts the service with --cdi on a fake clock. */
async function start(t: ExecutionContext, root: FakeRoot, ...args: string[]): Promise<Service> {
  const clock = fakeClock();
  const file = root.at('/run/cdi/vfio.json');
  let out = '';
  const err: string[] = [];
  let handlers: SignalHandlers | undefined;
  let options: WatcherOptions | undefined;
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (line) => err.push(line),
    stdoutIsTty: false,
    stdinIsTty: false,
  };
  const line = ['watch', '--root', root.dir, '--json', '--cdi', file, ...args];
  const parsed = parseCommandLine(line, commands, commonOptions, { env: {}, stdoutIsTty: false });
  if (parsed.kind !== 'run') throw new Error('not a run');
  const system = testSystem({
    clock,
    loadWatcher: async () => (value) => {
      options = value;
      return { rearm: () => {}, close: () => Promise.resolve() };
    },
    openNotify: () => Promise.resolve(undefined),
    process: {
      handleSignals: (value) => {
        handlers = value;
        return () => {};
      },
    },
  });
  const status = Promise.resolve(run(parsed.invocation, io, system));
  while (!options) await new Promise((resolve) => setImmediate(resolve));
  const { onHint, isIgnored } = options;
  await clock.advance(minDebounceMs);
  const end = (): Promise<number> => {
    handlers?.SIGTERM();
    return status;
  };
  t.teardown(end);
  return {
    file,
    err,
    groups: !isIgnored('14') && !isIgnored('vfio'),
    end,
    pass: async (place) => {
      onHint('event', place);
      await clock.advance(maxDebounceMs);
    },
    nodes: () => {
      const document = JSON.parse(fs.readFileSync(file, 'utf8'));
      t.deepEqual(cdiErrors(document), []);
      return Object.fromEntries(
        document.devices.map(
          (device: { name: string; containerEdits: { deviceNodes: { hostPath: string }[] } }) => [
            device.name,
            device.containerEdits.deviceNodes[0]?.hostPath,
          ],
        ),
      );
    },
    cdiEvents: () =>
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

const [first, second] = ['0000:01:00.0', '0000:02:00.0'] as const;

test('watch --cdi creates the file with the first device, updates it, and removes it with the last device', async (t) => {
  const root = machine(t);
  const service = await start(t, root);
  t.false(fs.existsSync(service.file));
  const device = root.add({ name: first, sysname: 'vfio0' });
  await service.pass('devices/vfio0');
  t.deepEqual(service.nodes(), { [first]: '/dev/vfio/devices/vfio0' });
  root.unbind(device);
  const other = root.add({ name: second, sysname: 'vfio0' });
  const moved = root.add({ name: first, sysname: 'vfio1' });
  await service.pass('devices/vfio0');
  t.deepEqual(service.nodes(), { [first]: '/dev/vfio/devices/vfio1', [second]: '/dev/vfio/devices/vfio0' });
  for (const device of [other, moved]) root.unbind(device);
  await service.pass();
  t.false(fs.existsSync(service.file));
  t.deepEqual(service.cdiEvents(), ['written event', 'written event', 'gone event']);
  t.deepEqual(service.err, []);
});

test('watch --cdi updates the file before the links', async (t) => {
  const root = machine(t);
  const device = root.add({ name: first, sysname: 'vfio0' });
  root.add({ name: second, sysname: 'vfio1' });
  const service = await start(t, root);
  root.unbind(device);
  // The link cannot be removed; the file is updated nevertheless.
  fs.rmSync(root.at(`/dev/vfio/pci/${first}`));
  fs.mkdirSync(root.at(`/dev/vfio/pci/${first}/below`), { recursive: true });
  await service.pass('devices/vfio0');
  t.deepEqual(service.nodes(), { [second]: '/dev/vfio/devices/vfio1' });
});

test('watch --cdi does not check the file after a change of links only', async (t) => {
  const root = machine(t);
  root.add({ name: first, sysname: 'vfio0' });
  const service = await start(t, root);
  fs.rmSync(service.file);
  await service.pass(`pci/${first}`);
  t.false(fs.existsSync(service.file));
  await service.pass('devices/vfio0');
  t.true(fs.existsSync(service.file));
});

test('watch --cdi removes the file when it ends and keeps the links', async (t) => {
  const root = machine(t);
  root.add({ name: first, sysname: 'vfio0' });
  const service = await start(t, root);
  t.true(fs.existsSync(service.file));
  t.is(await service.end(), 0);
  t.deepEqual(fs.readdirSync(root.at('/run/cdi')), []);
  t.deepEqual(root.links(), { [`pci/${first}`]: '../devices/vfio0' });
});

test('watch --cdi reports a file of another program once, does not replace it, and still updates the links', async (t) => {
  const root = machine(t);
  root.add({ name: first, sysname: 'vfio0' });
  root.write('/run/cdi/vfio.json', '{"kind":"nvidia.com/gpu"}');
  const service = await start(t, root);
  await service.pass();
  await service.end();
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /expected a CDI specification of the kind vfio-names\.dev\/pci or nothing/);
  t.is(fs.readFileSync(service.file, 'utf8'), '{"kind":"nvidia.com/gpu"}');
  t.deepEqual(root.links(), { [`pci/${first}`]: '../devices/vfio0' });
});

test('watch --cdi reports a skipped device once, and does not report a device that is being unbound', async (t) => {
  const root = machine(t);
  root.add({ name: first, sysname: 'vfio0' });
  const leaving = root.add({ name: second, sysname: 'vfio1' });
  root.add({ name: 'bad name', sysname: 'vfio2' });
  const service = await start(t, root, '--interval', '1');
  fs.rmSync(root.at('/dev/vfio/devices/vfio1'));
  await service.pass();
  root.unbind(leaving);
  for (let passes = 0; passes < 8; passes++) await service.pass();
  const lines = service.err.filter((line) => line.includes('left out'));
  t.is(lines.length, 1, service.err.join('\n'));
  t.regex(lines[0] ?? '', /bad name is left out/);
});

test('watch --cdi --interface group names group nodes and watches them', async (t) => {
  const root = machine(t);
  root.add({ name: first, sysname: 'vfio0', group: '14' });
  for (const [path, attribute, devnum] of [
    ['/dev/vfio/vfio', 'misc/vfio', '10:196'],
    ['/dev/vfio/14', 'vfio/14', '246:14'],
  ] as const) {
    root.node(path, devnum);
    root.write(`/sys/class/${attribute}/dev`, `${devnum}\n`);
  }
  const service = await start(t, root, '--interface', 'group', '--kind', 'example.com/card');
  t.deepEqual(service.nodes(), { [first]: '/dev/vfio/14' });
  t.true(service.groups);
  fs.rmSync(root.at('/dev/vfio/14'));
  await service.pass('14');
  t.false(fs.existsSync(service.file));
});

const rejects = test.macro({
  async exec(t, args: readonly string[], pattern: RegExp) {
    const { status, err } = await runCli(['watch', '--root', fakeRoot(t).dir, ...args]);
    t.is(status, 2);
    t.regex(err.join('\n'), pattern);
  },
  title: (_, args: readonly string[]) => `watch rejects ${args.join(' ')}`,
});
test(rejects, ['--cdi', '/run/cdi/x.yaml'], /expected --cdi to end in \.json/);
test(rejects, ['--cdi', '/run/cdi/x.json', '--kind', 'x'], /expected --kind to be VENDOR\/CLASS/);
test(rejects, ['--bus', 'pci'], /expected --cdi FILE beside --bus, found none/);
