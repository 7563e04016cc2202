import * as fs from 'node:fs';
import test from 'ava';
import { runCli } from '../../helpers/cli.ts';
import { hookedFiles } from '../../helpers/hooked-files.ts';
import { validJson } from '../../helpers/schema.ts';
import { sample, uuid } from '../sample.ts';

const form = test.macro({
  async exec(t, name: string, node: string) {
    const { run } = sample(t);
    t.deepEqual(await run('resolve', name), { status: 0, out: `/dev/vfio/devices/${node}\n`, err: [] });
  },
  title: (_, name: string) => `${name} is resolved to its node`,
});
test(form, '0000:01:00.0', 'vfio0');
test(form, '10000:01:00.0', 'vfio1');
test(form, 'pci/0000:01:00.0', 'vfio0');
test(form, uuid, 'vfio2');
test(form, uuid.toUpperCase(), 'vfio2');
test(form, `mdev/${uuid}`, 'vfio2');
test(form, 'vfio1', 'vfio1');
test(form, '247:1', 'vfio1');
test(form, '/dev/vfio/devices/vfio1', 'vfio1');
test(form, '/dev/vfio/pci/0000:01:00.0', 'vfio0');
test(form, '/sys/bus/pci/devices/0000:01:00.0', 'vfio0');
test(form, '/sys/devices/pci0000:00/0000:01:00.0/', 'vfio0');
test(form, '/sys/class/vfio-dev/vfio1', 'vfio1');

test('the short form is resolved where it fits one device', async (t) => {
  const { root, run } = sample(t);
  root.add({ name: '0000:05:00.1', sysname: 'vfio5' });
  t.is((await run('resolve', '05:00.1')).out, '/dev/vfio/devices/vfio5\n');
});

test('the path of any node is resolved by its number', async (t) => {
  const { root, run } = sample(t);
  root.node('/dev/mine', '247:1');
  t.is((await run('resolve', '/dev/mine')).out, '/dev/vfio/devices/vfio1\n');
});

test('a false link fools nobody: the name is asked of sysfs', async (t) => {
  const { root, run } = sample(t);
  root.linkText('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  t.is((await run('resolve', '/dev/vfio/pci/0000:01:00.0')).out, '/dev/vfio/devices/vfio0\n');
});

const printed = test.macro({
  async exec(t, what: string, name: string, expected: string) {
    const { run } = sample(t);
    t.deepEqual(await run('resolve', name, '--print', what), { status: 0, out: `${expected}\n`, err: [] });
  },
  title: (_, what: string, name: string) => `--print ${what} of ${name}`,
});
test(printed, 'node', 'vfio0', '/dev/vfio/devices/vfio0');
test(printed, 'link', 'vfio0', '/dev/vfio/pci/0000:01:00.0');
test(printed, 'link', '247:0', '/dev/vfio/pci/0000:01:00.0');
test(printed, 'devnum', 'vfio0', '247:0');
test(printed, 'syspath', 'vfio0', '/sys/devices/pci0000:00/0000:01:00.0');
test(printed, 'group', 'vfio0', '14');

test('resolve --json is one document by its schema', async (t) => {
  const { root, run } = sample(t);
  const { instead, ...document } = validJson(t, 'resolve', (await run('resolve', 'vfio0', '--json')).out);
  t.is(instead, undefined);
  t.deepEqual(document, {
    version: 1,
    bus: 'pci',
    name: '0000:01:00.0',
    node: 'vfio0',
    nodePath: '/dev/vfio/devices/vfio0',
    devnum: '247:0',
    syspath: '/sys/devices/pci0000:00/0000:01:00.0',
    link: '/dev/vfio/pci/0000:01:00.0',
    group: '14',
  });
  fs.renameSync(root.at('/dev/vfio/devices/vfio0'), root.at('/dev/kept'));
  root.link('/dev/char/247:0', '/dev/kept');
  const other = validJson(t, 'resolve', (await run('resolve', 'vfio0', '--json')).out);
  t.is(other['node'], 'vfio0');
  t.is(other['nodePath'], '/dev/char/247:0');
  t.regex(String(other['instead']), /found nothing$/);
});

test('where /dev/char is taken, stderr says why', async (t) => {
  const { root, run } = sample(t);
  fs.renameSync(root.at('/dev/vfio/devices/vfio0'), root.at('/dev/kept'));
  root.link('/dev/char/247:0', '/dev/kept');
  t.deepEqual(await run('resolve', '0000:01:00.0'), {
    status: 0,
    out: '/dev/char/247:0\n',
    err: [
      'vfio-names: expected the character device 247:0 at /dev/vfio/devices/vfio0, found nothing; took /dev/char/247:0 instead',
    ],
  });
});

const refused = test.macro({
  async exec(t, name: string, status: number, message: string) {
    const { root, run } = sample(t);
    fs.rmSync(root.at('/dev/vfio/devices/vfio2'));
    root.node('/dev/vfio/devices/vfio1', '247:7');
    t.deepEqual(await run('resolve', name), { status, out: '', err: [`vfio-names: ${message}`] });
  },
  title: (_, name: string, status: number) => `${name} is refused with status ${status}`,
});
const remedy = 'bind the device anew, or mount devtmpfs on /dev (in a container: pass the node in)';
test(refused, '01:00.0', 2, '01:00.0 fits 2 devices: pci/0000:01:00.0, pci/10000:01:00.0; name one of them');
test(
  refused,
  '0000:01:00.7',
  3,
  'expected a device bound to VFIO, found none called 0000:01:00.7; did you mean 0000:01:00.0?',
);
test(
  refused,
  'vfio2',
  1,
  `expected the character device 247:2 at /dev/vfio/devices/vfio2, found nothing; ${remedy}`,
);
test(
  refused,
  'vfio1',
  1,
  `expected the character device 247:1 at /dev/vfio/devices/vfio1, found the device 247:7; ${remedy}`,
);
test(
  refused,
  '0000:03:00.0',
  5,
  'expected a node for 0000:03:00.0, found none: this kernel gives the device no node (CONFIG_VFIO_DEVICE_CDEV is off, or the device has no IOMMU); use the group node, or a kernel with CONFIG_VFIO_DEVICE_CDEV',
);

test('--print of what a device lacks is refused with status 5', async (t) => {
  const { run } = sample(t);
  t.deepEqual(await run('resolve', 'vfio2', '--print', 'group'), {
    status: 5,
    out: '',
    err: [`vfio-names: expected a group of ${uuid}, found none; vfio-names show ${uuid} tells what there is`],
  });
});

test('a device that is replaced between any two system calls is never given the wrong node', async (t) => {
  const statuses: number[] = [];
  for (let at = 1, number = 1; number >= at; at++) {
    const { root } = sample(t);
    number = 0;
    const files = hookedFiles(() => {
      if (++number !== at) return;
      root.unbind({
        bus: 'pci',
        name: '',
        sysname: 'vfio0',
        syspath: '/sys/devices/pci0000:00/0000:01:00.0',
      });
      root.add({ name: '0000:02:00.0', sysname: 'vfio0' });
    });
    const { status, out } = await runCli(['resolve', '0000:01:00.0', '--root', root.dir], { files });
    statuses.push(status);
    // Right is only an answer whose last look at sysfs came before the change.
    if (status === 0) t.true(number <= at);
    else t.is(out, '');
  }
  t.true(statuses.length > 8);
  t.deepEqual(new Set(statuses), new Set([3, 0]));
});
