import * as fs from 'node:fs';
import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { changingCalls, errnoError, hookedFiles } from '../../../support/hooked-files.ts';
import { validJson } from '../../../support/schema.ts';
import { sample, uuid } from '../sample.ts';

const fixHint = 'vfio-names sync, or udevadm trigger --subsystem-match=vfio-dev --action=change';

test('verify prints one line and exits with status 0 if all links are correct', async (t) => {
  const { run } = sample(t);
  await run('sync');
  t.deepEqual(await run('verify'), { status: 0, out: 'OK: 4 devices, 3 names, all correct\n', err: [] });
  t.deepEqual(await run('verify', 'vfio0', '247:1'), {
    status: 0,
    out: 'OK: 2 devices, all correct\n',
    err: [],
  });
  validJson(t, 'verify', (await run('verify', '--json')).out);
});

test('verify prints each finding with its remedy and exits with status 1', async (t) => {
  const { root, run } = sample(t);
  await run('sync');
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  fs.rmSync(root.at('/dev/vfio/devices/vfio2'));
  const { status, out, err } = await run('verify');
  t.is(status, 1);
  t.deepEqual(err, []);
  t.deepEqual(out.split('\n'), [
    'node-missing: 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001: expected the character device 247:2 at /dev/vfio/devices/vfio2, found nothing',
    '    -> unbind and bind the device again, or mount devtmpfs on /dev (in a container: pass the node in)',
    `link-dangling: /dev/vfio/mdev/${uuid}: found a link to ../devices/vfio2, the node of mdev/${uuid}, which does not exist`,
    `    -> ${fixHint}`,
    `link-wrong: /dev/vfio/pci/0000:01:00.0: expected a link to ../devices/vfio0, found one to ../devices/vfio1, the node of pci/10000:01:00.0`,
    `    -> ${fixHint}`,
    '3 findings; vfio-names verify --fix corrects 2',
    '',
  ]);
  const { findings } = validJson<{ findings: unknown[] }>(t, 'verify', (await run('verify', '--json')).out);
  t.is(findings.length, 3);
  t.regex(
    (await run('verify', uuid)).out,
    /^node-missing: .*\n +-> .*\nlink-dangling: .*\n +-> .*\n2 findings; vfio-names verify --fix corrects 1\n$/,
  );
  await run('sync');
  t.regex((await run('verify')).out, /^node-missing: .*\n +-> .*\n1 finding\n$/);
});

test('verify prints the remedy of equal findings once, and the device of a link with another name', async (t) => {
  const { root, run } = sample(t);
  root.write('/etc/vfio-names/a.toml', '[names.by-alias]\ngpu = { name = "0000:01:00.0" }\n');
  t.is(
    (await run('verify')).out,
    [
      'link-missing: /dev/vfio/by-alias/gpu of 0000:01:00.0: expected a link to ../devices/vfio0, found nothing',
      `link-missing: /dev/vfio/mdev/${uuid}: expected a link to ../devices/vfio2, found nothing`,
      'link-missing: /dev/vfio/pci/0000:01:00.0: expected a link to ../devices/vfio0, found nothing',
      'link-missing: /dev/vfio/pci/10000:01:00.0: expected a link to ../devices/vfio1, found nothing',
      `    -> ${fixHint}`,
      '4 findings; vfio-names verify --fix corrects all',
      '',
    ].join('\n'),
  );
});

test('verify fits the terminal and prints codes in colour: red for what sync does not correct', async (t) => {
  const { root } = sample(t);
  root.write('/dev/vfio/pci/0000:01:00.0', '');
  const streams = { stdoutIsTty: true, columns: () => 60 };
  const { out } = await runCli(['verify', '--root', root.dir], {}, streams);
  const plain = await runCli(['verify', '--no-color', '--root', root.dir], {}, streams);
  t.is(out.replace(/\u001b\[\d+m/g, ''), plain.out);
  t.regex(out, /^\u001b\[31mlink-blocked\u001b\[39m: /m);
  t.regex(out, /^\u001b\[33mlink-missing\u001b\[39m: /m);
  for (const line of plain.out.split('\n')) t.true(line.length <= 60, line);
});

test('verify --fix fixes what sync can fix and reports the rest', async (t) => {
  const { root, run } = sample(t);
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  root.write(`/dev/vfio/mdev/${uuid}`, '');
  const { status, out, err } = await run('verify', '--fix');
  t.is(status, 1);
  t.deepEqual(err, []);
  t.deepEqual(out.split('\n'), [
    'fixed: replace /dev/vfio/pci/0000:01:00.0 -> ../devices/vfio0 (was ../devices/vfio1)',
    'fixed: create /dev/vfio/pci/10000:01:00.0 -> ../devices/vfio1',
    `link-blocked: /dev/vfio/mdev/${uuid}: expected a link to ../devices/vfio2, found a file, which vfio-names did not make`,
    '    -> look at it, and move it away; then vfio-names sync',
    '1 finding',
    '',
  ]);
  fs.unlinkSync(root.at(`/dev/vfio/mdev/${uuid}`));
  const document = validJson<{ fixed: unknown[]; findings: unknown[] }>(
    t,
    'verify',
    (await run('verify', '--fix', '--json')).out,
  );
  t.is(document.fixed.length, 1);
  t.deepEqual(document.findings, []);
});

test('verify --fix reports each link that it may not write, with status 4', async (t) => {
  const { root } = sample(t);
  const files = hookedFiles(({ name }) => {
    if (changingCalls.has(name)) throw errnoError('EACCES');
  });
  const { status, err } = await runCli(['verify', '--fix', '--root', root.dir], { files });
  t.is(status, 4);
  t.is(err.length, 3);
  t.true(err.every((line) => line.endsWith(': permission denied (EACCES); run it as root')));
});

test('verify without devices exits with status 0', async (t) => {
  const { root, run } = sample(t);
  fs.rmSync(root.at('/sys/class/vfio-dev'), { recursive: true });
  fs.mkdirSync(root.at('/sys/class/vfio-dev'));
  fs.rmSync(root.at('/dev/vfio'), { recursive: true });
  t.deepEqual(await run('verify'), {
    status: 0,
    out: 'nothing to verify: no device is bound to a VFIO driver here\n',
    err: [],
  });
});

test('sync and verify print at most ten of the devices that all claim one name', async (t) => {
  const root = fakeRoot(t);
  for (let index = 0; index < 30; index++)
    root.add({ name: `0000:${(index + 16).toString(16)}:00.0`, sysname: `vfio${index}`, emptyNode: true });
  root.write('/etc/vfio-names/a.toml', '[[link]]\nname = "by-x/all"\n');
  const sync = await runCli(['sync', '--root', root.dir]);
  const conflicts = sync.err.filter((line) => line.includes('conflict'));
  t.is(conflicts.length, 11);
  t.regex(conflicts[10] ?? '', /conflict \/dev\/vfio\/by-x\/all: 19 more devices claim this name/);
  const { out } = await runCli(['verify', '--root', root.dir]);
  const lines = out.split('\n').filter((line) => line.startsWith('name-conflict'));
  t.is(lines.length, 11);
  t.is(lines[10], 'name-conflict: /dev/vfio/by-x/all: 19 more of this kind');
});
