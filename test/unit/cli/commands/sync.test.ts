import * as fs from 'node:fs';
import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { changingCalls, errnoError, hookedFiles } from '../../../support/hooked-files.ts';
import { validJson } from '../../../support/schema.ts';
import { changes, sample, uuid } from '../sample.ts';

test('plan prints the changes that sync makes, and nothing to change after sync', async (t) => {
  const { root, run } = sample(t);
  const lines = `${changes.join('\n')}\n`;
  t.deepEqual(await run('plan'), { status: 6, out: lines, err: [] });
  t.deepEqual(root.links(), {});
  t.deepEqual(await run('sync'), { status: 0, out: lines, err: [] });
  t.deepEqual(root.links(), {
    [`mdev/${uuid}`]: '../devices/vfio2',
    'pci/0000:01:00.0': '../devices/vfio0',
    'pci/10000:01:00.0': '../devices/vfio1',
  });
  t.deepEqual(await run('plan'), { status: 0, out: 'nothing to change\n', err: [] });
  t.deepEqual(await run('sync'), { status: 0, out: 'nothing to change: 3 names\n', err: [] });
});

test('sync --dry-run prints what plan prints, and changes nothing', async (t) => {
  const { run } = sample(t);
  const planned = await run('plan');
  for (const args of [
    ['sync', '--dry-run'],
    ['sync', '-n'],
    ['sync', '--dry-run', '-q'],
  ])
    t.deepEqual(await run(...args), { ...planned, ...(args.includes('-q') && { out: '' }) });
});

test('plan and sync print replaced, removed and blocked links', async (t) => {
  const { root, run } = sample(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  root.linkWithTarget('/dev/vfio/by-old/x/y', '../../devices/vfio9');
  root.write(`/dev/vfio/mdev/${uuid}`, '');
  const blocked = `blocked /dev/vfio/mdev/${uuid}: expected a link to ../devices/vfio2, found a file`;
  const done = [
    'remove /dev/vfio/by-old/x/y (was ../../devices/vfio9: gone)',
    'remove /dev/vfio/by-old/x, empty',
    'remove /dev/vfio/by-old, empty',
    'replace /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio0 (was ../devices/vfio1)',
    'create /dev/vfio/pci/10000:01:00.0 -> ../devices/vfio1',
  ];
  const planned = await run('plan');
  t.deepEqual(planned.out.split('\n').sort(), ['', blocked, ...done].sort());
  t.deepEqual(await run('sync'), {
    status: 1,
    out: `${done.join('\n')}\n`,
    err: [`vfio-names: ${blocked}; look at it, move it away, and sync again`],
  });
  t.true(fs.lstatSync(root.at(`/dev/vfio/mdev/${uuid}`)).isFile());
});

test('plan --json and sync --json match their schemas with every kind of change', async (t) => {
  const { root, run } = sample(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  root.linkWithTarget('/dev/vfio/by-old/x', '../devices/vfio9');
  root.write(`/dev/vfio/mdev/${uuid}`, '');
  root.write('/sys/class/vfio-dev/vfio9', '');
  const planned = await run('plan', '--json');
  t.is(planned.status, 1);
  const { changes: listed } = validJson<{ changes: { action: string }[] }>(t, 'plan', planned.out);
  t.deepEqual(new Set(listed.map(({ action }) => action)).size, 5);
  const synced = await run('sync', '--json');
  t.is(synced.status, 1);
  const { outcomes } = validJson<{ outcomes: { result: string }[] }>(t, 'sync', synced.out);
  t.is(outcomes.length, 5);
  validJson(t, 'plan', (await run('plan', '--json')).out);
});

const denied = test.macro({
  async exec(t, errno: string, status: number, reason: string) {
    const { root } = sample(t);
    const files = hookedFiles(({ name }) => {
      if (changingCalls.has(name)) throw errnoError(errno);
    });
    const args = ['sync', '--root', root.dir];
    const { status: found, out, err } = await runCli(args, { files });
    t.is(found, status);
    t.is(out, '');
    t.deepEqual(
      err,
      changes.map((line) => `vfio-names: could not ${line}: ${reason}`),
    );
    validJson(t, 'sync', (await runCli([...args, '--json'], { files })).out);
  },
  title: (_, errno: string, status: number) =>
    `sync exits with status ${status} and prints a line per link if /dev/vfio is not writable (${errno})`,
});
test(denied, 'EACCES', 4, 'permission denied (EACCES); run it as root');
test(denied, 'EPERM', 4, 'not permitted (EPERM); run it as root');
test(denied, 'EROFS', 4, 'read-only file system (EROFS); run it as root');
test(denied, 'ENOSPC', 1, 'disk full (ENOSPC)');
test(denied, 'EIO', 1, 'EIO');

test('sync reports links that another process keeps changing, with status 1', async (t) => {
  const { root } = sample(t);
  const files = hookedFiles(({ name }) => {
    if (name === 'readdir') fs.rmSync(root.at('/dev/vfio/pci/0000:01:00.0'), { force: true });
  });
  const { status, err } = await runCli(['sync', '--root', root.dir], { files });
  t.is(status, 1);
  t.deepEqual(err, [
    'vfio-names: the names kept changing while they were made; run sync again, and look for what else changes them',
  ]);
});

test('sync skips devices without nodes, prints one line and exits with status 1', async (t) => {
  const { root, run } = sample(t);
  await run('sync');
  fs.rmSync(root.at('/dev/vfio/devices/vfio0'));
  const remedy =
    'unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)';
  const reason = `expected its node at /dev/vfio/devices/vfio0, found nothing; ${remedy}`;
  const line = `0000:01:00.0 is left out: ${reason}`;
  const planned = await run('plan');
  t.is(planned.status, 1);
  t.deepEqual(planned.err, [`vfio-names: ${line}`]);
  t.deepEqual(await run('sync'), {
    status: 1,
    out: 'remove /dev/vfio/pci/0000:01:00.0 (was ../devices/vfio0: gone)\n',
    err: [`vfio-names: ${line}`],
  });
  const skipped = [{ name: '0000:01:00.0', node: 'vfio0', reason: 'node-missing', message: reason }];
  t.deepEqual(validJson(t, 'sync', (await run('sync', '--json')).out)['skipped'], skipped);
  t.deepEqual(validJson(t, 'plan', (await run('plan', '--json')).out)['skipped'], skipped);
  for (const number of [11, 12, 13, 14])
    root.add({ name: `0000:${number}:00.0`, sysname: `vfio${number}`, noNode: true });
  t.deepEqual((await run('sync')).err, [
    `vfio-names: 5 devices are left out: expected their nodes in /dev/vfio/devices, found none of 0000:01:00.0, 0000:11:00.0, 0000:12:00.0 and 2 more; ${remedy}`,
  ]);
});

test('--quiet prints no results and keeps the exit status', async (t) => {
  const { run } = sample(t);
  t.deepEqual(await run('plan', '--quiet'), { status: 6, out: '', err: [] });
  t.deepEqual(await run('sync', '-q'), { status: 0, out: '', err: [] });
});

test('sync, plan and verify say in one line that [[access]] does not cover a group node', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '84' });
  root.write('/etc/group', 'root:x:0:\n');
  root.write('/etc/vfio-names/10.toml', '[[access]]\ngroup = "0"\nmode = "0660"\n');
  const lines = async (command: string) =>
    (await runCli([command, '--root', root.dir], { files: fakeFiles })).err.filter((line) =>
      line.includes('84'),
    );
  t.deepEqual(await lines('sync'), []);
  root.node('/dev/vfio/84', '511:84');
  const isRoot = process.getuid?.() === 0;
  for (const command of ['sync', 'plan', 'verify']) {
    const found = await lines(command);
    t.is(found.length, isRoot ? 1 : 0);
    if (isRoot)
      t.regex(found[0] ?? '', /^vfio-names: \[\[access\]\] does not cover group nodes: \/dev\/vfio\/84 /);
  }
});
