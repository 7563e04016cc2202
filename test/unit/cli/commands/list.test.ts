import test from 'ava';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { schemaErrors, validJson } from '../../../support/schema.ts';
import { sample, uuid } from '../sample.ts';

test('list is the default command and prints one row per device with the state of its link', async (t) => {
  const { root, run } = sample(t);
  await run('sync');
  root.linkWithTarget('/dev/vfio/pci/10000:01:00.0', '../devices/vfio0');
  const owner = `${process.getuid?.()}:${process.getgid?.()} 0600`.padEnd(10);
  const { status, out, err } = await run();
  t.is(status, 0);
  t.deepEqual(err, []);
  const [head, ...rows] = out.split('\n');
  t.regex(head ?? '', /^LINK +NODE +DRIVER +GROUP +OWNER +STATE$/);
  t.deepEqual(
    rows.map((row) => row.replace(/ {2,}/g, '  ')),
    [
      `mdev/${uuid}  vfio2  nvidia-vgpu-vfio  -  ${owner.trimEnd()}  ok`,
      `pci/0000:01:00.0  vfio0  vfio-pci  14  ${owner.trimEnd()}  ok`,
      'pci/0000:03:00.0  -  vfio-pci  16  no node: this kernel gives the device no node (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU); only /dev/vfio/16',
      `pci/10000:01:00.0  vfio1  vfio-pci  15  ${owner.trimEnd()}  wrong link`,
      '',
    ],
  );
  t.deepEqual(await run('list'), { status, out, err });
});

test('list prints thousands of devices in order, with columns as wide as the widest cell', async (t) => {
  const root = fakeRoot(t);
  const count = 2100;
  const nameOf = (index: number): string =>
    `0000:${(index >> 8).toString(16).padStart(2, '0')}:${((index >> 3) & 31).toString(16).padStart(2, '0')}.${index & 7}`;
  for (let number = 0; number < count; number++)
    root.add({
      name: nameOf(count - 1 - number),
      sysname: `vfio${number}`,
      noNode: true,
      ...(number === 0 && { driver: 'a-driver-with-a-long-name' }),
    });
  const { status, out, err } = await runCli(['list', '--root', root.dir]);
  t.is(status, 0);
  t.deepEqual(err, []);
  const [head, ...rows] = out.split('\n');
  const line = (link: string, node: string, driver: string, group: string, state: string): string =>
    [link.padEnd(16), node.padEnd(8), driver.padEnd(25), group.padEnd(5), state].join('  ');
  t.is(head, line('LINK', 'NODE', 'DRIVER', 'GROUP', 'STATE'));
  t.deepEqual(rows, [
    ...Array.from({ length: count }, (_, index) =>
      line(
        `pci/${nameOf(index)}`,
        `vfio${count - 1 - index}`,
        index === count - 1 ? 'a-driver-with-a-long-name' : '-',
        '-',
        'no node: it is not in /dev/vfio/devices',
      ),
    ),
    '',
  ]);
});

test('list --long adds columns and --bus omits other buses', async (t) => {
  const { run } = sample(t);
  const { out } = await run('list', '--long', '--bus', 'mdev');
  t.regex(out, /^LINK .* NUMANODE|DEVNUM/);
  t.regex(out, new RegExp(`^mdev/${uuid} .* 247:2$`, 'm'));
  t.notRegex(out, /pci\//);
});

test('list --json prints one document that matches its schema', async (t) => {
  const { run } = sample(t);
  await run('sync');
  const { status, out } = await run('list', '--json');
  t.is(status, 0);
  const { devices } = validJson<{ devices: { name: string; state: string; links: string[] }[] }>(
    t,
    'list',
    out,
  );
  t.deepEqual(
    devices.map(({ name, state, links }) => [name, state, ...links]),
    [
      [uuid, 'ok', `/dev/vfio/mdev/${uuid}`],
      ['0000:01:00.0', 'ok', '/dev/vfio/pci/0000:01:00.0'],
      ['0000:03:00.0', 'no-node'],
      ['10000:01:00.0', 'ok', '/dev/vfio/pci/10000:01:00.0'],
    ],
  );
});

test('the schema of list rejects invalid documents', (t) => {
  t.not(schemaErrors('list', { version: 1, devices: [{}], problems: [], more: 1 }).length, 0);
});

test('list without devices prints no table, a hint on stderr, and exits with status 0', async (t) => {
  const { root, run } = sample(t);
  root.write('/etc/x', '');
  for (const [index, name] of ['0000:01:00.0', '10000:01:00.0', uuid, '0000:03:00.0'].entries())
    root.unbind({ bus: '', name, sysname: `vfio${index}`, syspath: `/sys/devices/pci0000:00/${name}` });
  t.deepEqual(await run('list'), {
    status: 0,
    out: '',
    err: ['vfio-names: no device is bound to a VFIO driver here; vfio-names doctor shows what is missing'],
  });
  validJson(t, 'list', (await run('list', '--json')).out);
});

test('list reports a malformed device on stderr and prints the others', async (t) => {
  const { root, run } = sample(t);
  root.write('/sys/class/vfio-dev/vfio9', '');
  const { status, out, err } = await run('list');
  t.is(status, 0);
  t.deepEqual(err, ['vfio-names: /sys/class/vfio-dev/vfio9: EINVAL, ignoring']);
  t.is(out.split('\n').length, 6);
  const { problems } = validJson<{ problems: unknown[] }>(t, 'list', (await run('list', '--json')).out);
  t.is(problems.length, 1);
});

test('list escapes control characters in names, but not with --json', async (t) => {
  const { root, run } = sample(t);
  root.add({ bus: 'platform', name: 'evil\n\u001b[2J', sysname: 'vfio7' });
  t.regex((await run('list', '--bus', 'platform')).out, /^platform\/evil__\[2J|platform\/evil_/m);
  root.add({ bus: 'platform', name: 'nodeless\n\u001b[2J', sysname: 'vfio8', devnum: false });
  const { out } = await run('list', '--bus', 'platform');
  t.regex(out, /^platform\/nodeless\\x0a\\x1b\[2J /m);
  t.notRegex(out, /\u001b/);
  const { devices } = validJson<{ devices: { name: string }[] }>(
    t,
    'list',
    (await run('list', '--json')).out,
  );
  t.true(devices.some(({ name }) => name === 'evil\n\u001b[2J'));
});
