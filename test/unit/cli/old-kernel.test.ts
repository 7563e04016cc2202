/** Commands on kernels before Linux 6.1, which have no class vfio-dev: devices are found through their groups. */
import test, { type ExecutionContext } from 'ava';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';

const second = '0000:02:00.1';
const [gpu, nic] = ['0000:02:00.0', '0000:03:00.0'];

/** Group 14 with a GPU on VFIO and its audio function on a driver of the host, and a NIC in group 15. */
function oldKernel(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  root.add({ name: gpu, group: '14', driver: 'vfio-pci', attributes: { class: '0x030000' } });
  root.add({ name: second, group: '14', driver: 'snd_hda_intel', attributes: { class: '0x040300' } });
  root.add({ name: nic, group: '15', driver: 'vfio-pci', attributes: { class: '0x020000' } });
  root.addGroup('14');
  root.addGroup('15');
  root.withoutVfioClass();
  return root;
}

const names = {
  [`groups/pci/${gpu}`]: '../../14',
  [`groups/pci/${second}`]: '../../14',
  [`groups/pci/${nic}`]: '../../15',
};

test('plan, sync and verify make and check the names of groups on a kernel before 6.1', async (t) => {
  const root = oldKernel(t);
  const run = (...args: string[]) => runCli([...args, '--root', root.dir]);
  t.not((await run('plan')).status, 0);
  const synced = await run('sync');
  t.is(synced.status, 0, synced.err.join('\n'));
  t.deepEqual(root.links(), names);
  t.is((await run('plan')).status, 0);
  const verified = await run('verify');
  t.regex(verified.out, /2 devices, 3 names/);
  t.is(verified.status, 0);
  root.removeGroup('15');
  t.is((await run('verify')).status, 1);
  await run('sync');
  t.deepEqual(Object.keys(root.links()), [`groups/pci/${gpu}`, `groups/pci/${second}`]);
});

test('list and show know the devices of a kernel before 6.1, their groups and their names', async (t) => {
  const root = oldKernel(t);
  await runCli(['sync', '--root', root.dir]);
  const listed = await runCli(['list', '--json', '--root', root.dir]);
  const { devices, problems } = JSON.parse(listed.out);
  t.deepEqual(problems, []);
  t.like(devices, [
    { name: gpu, groupNode: '/dev/vfio/14', links: [`/dev/vfio/groups/pci/${gpu}`], state: 'ok' },
    { name: nic, groupNode: '/dev/vfio/15', links: [`/dev/vfio/groups/pci/${nic}`], state: 'ok' },
  ]);
  const table = await runCli(['list', '--root', root.dir]);
  t.is(table.status, 0);
  for (const text of [gpu, nic, '14', 'vfio-pci']) t.true(table.out.includes(text), table.out);
  const shown = await runCli(['show', gpu, '--json', '--root', root.dir]);
  t.is(shown.status, 0, shown.err.join('\n'));
  t.like(JSON.parse(shown.out), { name: gpu, links: [`/dev/vfio/groups/pci/${gpu}`], state: 'ok' });
});

test('resolve and doctor work on a kernel before 6.1', async (t) => {
  const root = oldKernel(t);
  await runCli(['sync', '--root', root.dir]);
  const byGroup = await runCli(['resolve', '--interface', 'group', nic, '--root', root.dir]);
  t.is(byGroup.out, '/dev/vfio/15\n', byGroup.err.join('\n'));
  t.is((await runCli(['resolve', '--interface', 'cdev', nic, '--root', root.dir])).status, 5);
  const doctor = await runCli(['doctor', '--root', root.dir]);
  t.regex(doctor.out, /IOMMU group 14/);
});

test('list shows the alias and the node of the group of a device without a node', async (t) => {
  const root = oldKernel(t);
  root.write('/etc/vfio-names/a.toml', `[names.by-alias]\ngpu = { name = "${gpu}" }\n`);
  await runCli(['sync', '--root', root.dir]);
  t.is(root.links()['groups/by-alias/gpu'], '../../14');
  const { out } = await runCli(['list', '--columns', 'alias,node,state', '--no-header', '--root', root.dir]);
  t.regex(out, /^gpu +\/dev\/vfio\/14 +ok/m);
});
