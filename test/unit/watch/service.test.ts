import * as fs from 'node:fs';
import test from 'ava';
import { parseCommandLine } from '../../../src/cli/args.ts';
import type { Io } from '../../../src/cli/command.ts';
import { run } from '../../../src/cli/commands/watch.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import type { SystemFiles } from '../../../src/system/files.ts';
import type { Process } from '../../../src/system/process.ts';
import type { WatchEvent } from '../../../src/watch/events.ts';
import { maxDebounceMs, minDebounceMs } from '../../../src/watch/loop.ts';
import { firstRetryMs, MAX_RETRIES } from '../../../src/watch/missing-node-retry.ts';
import { runCli } from '../../support/cli.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';
import { type Service, startService } from '../../support/start-service.ts';
import { testSystem } from '../../support/system.ts';

const address = '0000:01:00.0';

/** Sends a hint and waits for the pass that it causes. */
async function hintAndPass(service: Service, reason: 'event' | 'armed' = 'event'): Promise<void> {
  service.hint(reason);
  await service.clock.advance(maxDebounceMs);
}

test('watch creates, replaces and removes links when devices change, and prints one line for each', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root);
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
  root.unbind(device);
  root.add({ name: address, sysname: 'vfio7' });
  await hintAndPass(service);
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio7' });
  root.unbind({ ...device, sysname: 'vfio7' });
  await hintAndPass(service);
  t.deepEqual(root.links(), {});
  const link = `/dev/vfio/pci/${address}`;
  const common = { version: 1, link, name: address };
  t.deepEqual(
    service.lines().map(({ time, ...line }: WatchEvent & { time?: string }) => line),
    [
      { ...common, event: 'added', reason: 'appeared', target: '../devices/vfio0', trigger: 'start' },
      {
        ...common,
        event: 'repaired',
        reason: 'renumbered',
        target: '../devices/vfio7',
        from: '../devices/vfio0',
        trigger: 'event',
      },
      {
        version: 1,
        event: 'removed',
        reason: 'gone',
        link,
        from: '../devices/vfio7',
        trigger: 'event',
      },
    ] as unknown as WatchEvent[],
  );
});

test('watch restores a link that was removed and corrects a link with a wrong target', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root);
  fs.rmSync(root.at('/dev/vfio/pci'), { recursive: true });
  await hintAndPass(service);
  root.linkWithTarget(`/dev/vfio/pci/${address}`, '../devices/vfio9');
  await hintAndPass(service);
  t.deepEqual(
    service.lines().map(({ event, reason }) => `${event} ${reason}`),
    ['added appeared', 'repaired missing', 'repaired wrong-target'],
  );
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
});

test('watch reports a persistent problem once, and again when it recurs', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  root.write(`/dev/vfio/pci/${address}`, 'a file');
  const service = await startService(t, root);
  await hintAndPass(service);
  await hintAndPass(service);
  t.deepEqual(
    service.lines().map(({ event, reason, found }) => `${event} ${reason} ${found}`),
    ['conflict blocked a file'],
  );
  t.is(service.err.length, 1);
  fs.rmSync(root.at(`/dev/vfio/pci/${address}`));
  await hintAndPass(service);
  fs.rmSync(root.at(`/dev/vfio/pci/${address}`));
  root.write(`/dev/vfio/pci/${address}`, 'a file');
  await hintAndPass(service);
  t.deepEqual(
    service.lines().map(({ event }) => event),
    ['conflict', 'added', 'conflict'],
  );
});

test('watch reports a node whose access cannot be changed once, and counts it as a finding while it lasts', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "nobody-has-this-name"\n');
  const service = await startService(t, root);
  for (const number of [1, 2]) {
    root.add({ name: `0000:0${number}:00.0`, sysname: `vfio${number}` });
    service.hint('event', `devices/vfio${number}`);
    await service.clock.advance(maxDebounceMs);
    t.is(service.err.length, number);
    t.regex(String(service.sent.at(-1)?.['STATUS']), new RegExp(`, ${number} findings?$`));
  }
});

test('watch finds a change without an event in the rescan, and then sets up the trigger again', async (t) => {
  const root = fakeRoot(t);
  const service = await startService(t, root, ['--json', '--interval', '10']);
  root.add({ name: address, sysname: 'vfio0' });
  t.deepEqual(root.links(), {});
  await service.clock.advance(10_000 + maxDebounceMs);
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
  t.is(service.rearmed(), 1);
  await service.clock.advance(10_000 + maxDebounceMs);
  t.is(service.rearmed(), 1);
});

test('watch reports failures on stderr and continues with the other devices', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  root.write('/sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio1/dev', 'nonsense\n');
  const files: SystemFiles = {
    ...fakeFiles,
    symlink: () => {
      throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
    },
  };
  const service = await startService(t, root, [], { files, env: { JOURNAL_STREAM: '8:1' } });
  t.is(service.out(), 'watching: 1 device, 0 names, 2 findings\n');
  t.is(service.err.length, 2);
  t.regex(service.err[0] ?? '', /^<4>vfio-names: failed .*MAJOR:MINOR/);
  t.regex(
    service.err[1] ?? '',
    /^<4>vfio-names: failed .*0000:01:00\.0 of 0000:01:00\.0: read-only file system \(EROFS\)/,
  );
});

test('watch removes the link of a device without a node, and checks the device again until it is gone', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root);
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  service.hint('event', 'devices/vfio0');
  await service.clock.advance(maxDebounceMs);
  t.deepEqual(root.links(), {});
  t.is(service.sent.at(-1)?.['STATUS'], '1 device, 0 names, 1 without its node');
  root.unbind(device);
  await service.clock.advance(firstRetryMs * 2 ** MAX_RETRIES);
  t.is(service.sent.at(-1)?.['STATUS'], '0 devices, 0 names');
});

test('watch stops retrying a device that never has a node, as in a container, and links it when the node appears', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0', noNode: true });
  const service = await startService(t, root);
  await service.clock.advance(firstRetryMs * 2 ** (MAX_RETRIES + 1));
  t.is(service.clock.pending(), 1, 'only the rescan is scheduled');
  await hintAndPass(service);
  t.is(service.clock.pending(), 1);
  t.deepEqual(root.links(), {});
  t.deepEqual(service.lines(), []);
  root.node('/dev/vfio/devices/vfio0', '247:0');
  service.hint('event', 'devices/vfio0');
  await service.clock.advance(maxDebounceMs);
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
  t.deepEqual(
    service
      .lines()
      .map(({ event, reason, trigger }: WatchEvent & { trigger?: string }) => [event, reason, trigger]),
    [['added', 'appeared', 'event']],
  );
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  service.hint('event', 'devices/vfio0');
  await service.clock.advance(minDebounceMs);
  t.is(service.clock.pending(), 2, 'the retries start again, because the node existed meanwhile');
});

test('watch without --json prints its changes as text', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root, []);
  root.unbind(device);
  await hintAndPass(service);
  t.deepEqual(service.out().split('\n'), [
    `added /dev/vfio/pci/${address} -> ../devices/vfio0 (appeared)`,
    'watching: 1 device, 1 name',
    `removed /dev/vfio/pci/${address} (gone, was ../devices/vfio0)`,
    '',
  ]);
});

test('watch reloads the policy after a SIGHUP that arrives before the first pass', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  let read = false;
  const files = hookedFiles(({ name, path }) => {
    if (read || name !== 'readdir' || !path.endsWith('/etc/vfio-names')) return;
    // The policy is created right after watch listed the directory.
    read = true;
    root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
    throw errnoError('ENOENT');
  });
  const service = await startService(t, root, ['--json'], { files, early: 'SIGHUP' });
  while (!service.sent.some((fields) => 'READY' in fields))
    await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(Object.keys(root.links()), ['by-tag/pci-0000_01_00_0', `pci/${address}`]);
});

test('watch reloads the policy on SIGHUP; it reports an invalid policy in one line and keeps the previous one', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0', attributes: { vendor: '0x10de' } });
  root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
  const service = await startService(t, root, ['--json', '--metrics', root.at('/metrics.prom')]);
  const metrics = (): string[] =>
    fs
      .readFileSync(root.at('/metrics.prom'), 'utf8')
      .match(/^vfio_names_(?:errors_total|policy_rejected) .*$/gm) ?? [];
  t.deepEqual(metrics(), ['vfio_names_policy_rejected 0', 'vfio_names_errors_total 0']);
  const bothLinks = {
    [`by-tag/pci-0000_01_00_0`]: '../devices/vfio0',
    [`pci/${address}`]: '../devices/vfio0',
  };
  t.deepEqual(root.links(), bothLinks);

  const reload = async (): Promise<void> => {
    const passes = service.sent.filter((fields) => 'READY' in fields).length;
    service.signal('SIGHUP');
    await service.clock.advance(maxDebounceMs);
    while (service.sent.filter((fields) => 'READY' in fields).length === passes)
      await new Promise((resolve) => setImmediate(resolve));
  };
  root.write('/etc/vfio-names/10.toml', '[nammes]\n');
  await reload();
  t.deepEqual(root.links(), bothLinks);
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /new policy rejected, still using the previous one: .*10\.toml/);
  t.deepEqual(metrics(), ['vfio_names_policy_rejected 1', 'vfio_names_errors_total 1']);

  root.write('/etc/vfio-names/10.toml', '');
  await reload();
  t.deepEqual(metrics(), ['vfio_names_policy_rejected 0', 'vfio_names_errors_total 1']);
  t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
  t.deepEqual(
    service.lines().map(({ event, reason }) => `${event} ${reason}`),
    ['added appeared', 'added appeared', 'removed unclaimed'],
  );
  root.write('/etc/vfio-names/10.toml', '[names]\nby-tag = true\n');
  await reload();
  t.is(service.lines().at(-1)?.reason, 'claimed');
  t.is(service.err.length, 1);
});

test('watch on a terminal prints the time of each line, reloads of the policy, and what it did in the end', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root, [], { stdoutIsTty: true });
  service.signal('SIGHUP');
  await service.clock.advance(maxDebounceMs);
  while (!service.out().includes('read again')) await new Promise((resolve) => setImmediate(resolve));
  root.write('/etc/vfio-names/10.toml', '[nammes]\n');
  service.signal('SIGHUP');
  await service.clock.advance(maxDebounceMs);
  while (service.err.length === 0) await new Promise((resolve) => setImmediate(resolve));
  service.signal('SIGTERM');
  t.is(await service.status, 0);
  const lines = service.out().split('\n');
  for (const line of [...lines.slice(0, -1), ...service.err]) t.regex(line, /^\d\d:\d\d:\d\d /);
  t.deepEqual(
    lines.map((line) => line.slice(9)),
    [
      `added /dev/vfio/pci/${address} -> ../devices/vfio0 (appeared)`,
      'watching: 1 device, 1 name; Ctrl+C ends it',
      'the policy was read again',
      'ended after 1 change, with 1 device, 1 name',
      '',
    ],
  );
});

test('watch exits with status 2 and changes nothing if the policy is invalid at the start', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  root.write('/etc/vfio-names/10.toml', '[nammes]\n');
  const { status, err } = await runCli(['watch', '--root', root.dir]);
  t.is(status, 2);
  t.regex(err[0] ?? '', /10\.toml/);
  t.deepEqual(root.links(), {});
});

for (const name of ['SIGTERM', 'SIGINT'] as const)
  test(`watch exits with status 0 on ${name} and leaves no timer`, async (t) => {
    const root = fakeRoot(t);
    root.add({ name: address, sysname: 'vfio0' });
    const service = await startService(t, root, ['--json'], { watchdog: 30_000 });
    service.hint('event');
    service.signal(name);
    t.is(await service.status, 0);
    t.is(service.clock.pending(), 0);
    t.deepEqual(service.sent.slice(-2), [{ STOPPING: 1 }, { CLOSED: 1 }]);
    t.deepEqual(root.links(), { [`pci/${address}`]: '../devices/vfio0' });
  });

test('watch notifies the service manager of start and reload, and twice per watchdog interval', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: address, sysname: 'vfio0' });
  const service = await startService(t, root, ['--json'], { watchdog: 8_000 });
  t.deepEqual(service.sent, [{ STATUS: '1 device, 1 name', READY: 1 }]);
  await service.clock.advance(12_000);
  t.deepEqual(service.sent.slice(1), [{ WATCHDOG: 1 }, { WATCHDOG: 1 }, { WATCHDOG: 1 }]);
  await hintAndPass(service);
  t.deepEqual(service.sent.at(-1), { STATUS: '1 device, 1 name' });
  service.signal('SIGHUP');
  await service.clock.advance(maxDebounceMs);
  while (!('READY' in (service.sent.at(-1) ?? {}))) await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(Object.keys(service.sent.at(-2) ?? {}), ['RELOADING', 'MONOTONIC_USEC']);
});

test('watch --metrics writes the file after each pass, leaves no temporary files, and reports a failure once', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: address, sysname: 'vfio0' });
  fs.mkdirSync(root.at('/metrics'));
  const path = root.at('/metrics/vfio.prom');
  const service = await startService(t, root, ['--json', '--metrics', path]);
  const value = (name: string): string | undefined =>
    new RegExp(`^vfio_names_${name} (.*)$`, 'm').exec(fs.readFileSync(path, 'utf8'))?.[1];
  t.deepEqual(['devices', 'links', 'passes_total', 'changes_total', 'errors_total'].map(value), [
    '1',
    '1',
    '1',
    '1',
    '0',
  ]);
  root.unbind(device);
  await hintAndPass(service);
  t.deepEqual(['devices', 'links', 'passes_total', 'changes_total', 'findings'].map(value), [
    '0',
    '0',
    '2',
    '2',
    '0',
  ]);
  t.deepEqual(fs.readdirSync(root.at('/metrics')), ['vfio.prom']);
  fs.rmSync(root.at('/metrics'), { recursive: true });
  await hintAndPass(service);
  await hintAndPass(service);
  t.is(service.err.length, 1);
  t.regex(service.err[0] ?? '', /could not write the metrics: .*ENOENT/);
});

test('watch --metrics does not replace a node, a link or a directory', async (t) => {
  const root = fakeRoot(t);
  root.node('/node', '1:7');
  root.linkTo('/link', '/node');
  fs.mkdirSync(root.at('/directory'));
  for (const [name, kind] of [
    ['node', 'char'],
    ['link', 'symlink'],
    ['directory', 'directory'],
  ] as const) {
    const path = root.at(`/${name}`);
    const { status, err } = await runCli(['watch', '--root', root.dir, '--metrics', path]);
    t.is(status, 2);
    t.deepEqual(err, [
      `vfio-names: expected a file or nothing at --metrics ${path}, found a ${kind}, which would be replaced; choose another FILE`,
    ]);
  }
});

test('watch reports problems of the trigger on stderr', async (t) => {
  const root = fakeRoot(t);
  const service = await startService(t, root);
  service.onError('no watch');
  t.deepEqual(service.err, ['vfio-names: no watch']);
});

test('watch rejects invalid values of --interval', async (t) => {
  const root = fakeRoot(t);
  for (const value of ['0', 'soon', '1.5', '123456']) {
    const { status, err } = await runCli(['watch', '--root', root.dir, '--interval', value]);
    t.is(status, 2);
    t.regex(err[0] ?? '', /expected --interval to be whole seconds/);
  }
});

test('watch creates links after events of the real trigger, without a rescan', async (t) => {
  const root = fakeRoot(t);
  fs.rmdirSync(root.at('/dev/vfio/devices'));
  let wake = (): void => {};
  let out = '';
  let end = (): void => {};
  const io: Io = {
    out: (text) => {
      out += text;
      wake();
    },
    err: t.log,
    stdoutIsTty: false,
    stdinIsTty: false,
  };
  const parsed = parseCommandLine(
    ['watch', '--root', root.dir, '--interval', '99999'],
    commands,
    commonOptions,
    { env: {}, stdoutIsTty: false },
  );
  if (parsed.kind !== 'run') throw new Error('not a run');
  const waitForOutput = async (text: string): Promise<void> => {
    while (!out.includes(text))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    out = '';
  };
  const handleSignals: Process['handleSignals'] = (handlers) => {
    end = handlers.SIGTERM;
    return () => {};
  };
  const status = run(parsed.invocation, io, testSystem({ process: { handleSignals } }));
  await waitForOutput('watching');
  for (const sysname of ['vfio0', 'vfio1']) {
    const device = root.add({ name: address, sysname });
    await waitForOutput(`added /dev/vfio/pci/${address} -> ../devices/${sysname}`);
    root.unbind(device);
    await waitForOutput(`removed /dev/vfio/pci/${address}`);
    // The kernel removes the directory with the last node.
    fs.rmdirSync(root.at('/dev/vfio/devices'));
  }
  root.add({ name: address, sysname: 'vfio0' });
  await waitForOutput('added');
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  root.node('/dev/vfio/devices/vfio0', '247:0');
  await waitForOutput(`repaired /dev/vfio/pci/${address} -> ../devices/vfio0 (missing)`);
  end();
  t.is(await status, 0);
});
