import test from 'ava';
import fc from 'fast-check';
import { membership } from '../../src/holders/cgroup.ts';

const id = '3e1f0c9d8b7a65544332211000ffeeddccbbaa99887766554433221100ffeedd';
const uid = '0a1b2c3d-1111-2222-3333-444455556666';

const says = test.macro({
  exec(t, path: string, expected: object) {
    t.deepEqual(membership(`0::${path}\n`), expected);
  },
  title: (title) => `${title}`,
});

test('a service is named by its unit', says, '/system.slice/sshd.service', { unit: 'sshd.service' });
test('the innermost unit counts', says, '/user.slice/user-0.slice/user@0.service/app.slice/vm.service', {
  unit: 'vm.service',
});
test('a session is named by its scope', says, '/user.slice/user-0.slice/session-3.scope', {
  unit: 'session-3.scope',
});
test('the root of the tree says nothing', says, '/', {});
test('a slice alone is no unit to name', says, '/system.slice', {});
test('docker under systemd', says, `/system.slice/docker-${id}.scope`, {
  unit: `docker-${id}.scope`,
  container: { runtime: 'docker', id },
});
test('docker without systemd', says, `/docker/${id}`, { container: { runtime: 'docker', id } });
test('podman under systemd', says, `/machine.slice/libpod-${id}.scope/container`, {
  unit: `libpod-${id}.scope`,
  container: { runtime: 'podman', id },
});
test('podman without systemd', says, `/libpod_parent/libpod-${id}`, { container: { runtime: 'podman', id } });
test('podman in a service of its own', says, `/system.slice/web.service/libpod-payload-${id}`, {
  unit: 'web.service',
  container: { runtime: 'podman', id },
});
test(
  'a pod of Kubernetes under systemd and containerd',
  says,
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
  { unit: `cri-containerd-${id}.scope`, container: { runtime: 'containerd', id, pod: uid } },
);
test(
  'a pod of Kubernetes under CRI-O',
  says,
  `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope`,
  {
    unit: `crio-${id}.scope`,
    container: { runtime: 'cri-o', id, pod: uid },
  },
);
test('a pod of Kubernetes in plain directories', says, `/kubepods/besteffort/pod${uid}/${id}`, {
  container: { runtime: 'kubernetes', id, pod: uid },
});
test('lxc', says, '/lxc.payload.web/system.slice/nginx.service', {
  unit: 'nginx.service',
  container: { runtime: 'lxc', id: 'web' },
});
test('old lxc', says, '/lxc/web', { container: { runtime: 'lxc', id: 'web' } });
test('a directory that only looks like an id is no container', says, `/${id}`, {});

test('on version 1 the hierarchy of systemd counts, and without one the longest path', (t) => {
  const text = `12:pids:/system.slice\n3:cpu,cpuacct:/\n1:name=systemd:/system.slice/docker-${id}.scope\n0::/\n`;
  t.is(membership(text).container?.id, id);
  t.is(membership(`4:devices:/docker/${id}\n3:cpu:/\n`).container?.id, id);
});

test('a path that leads out of a cgroup namespace is read all the same', (t) => {
  t.is(membership(`0::/../../system.slice/a.service\n`).unit, 'a.service');
});

test('no text makes it fail', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.string()).map((parts) => `0::/${parts.join('/')}`),
      ),
      (text) => {
        const { unit } = membership(text);
        t.true(unit === undefined || text.includes(unit));
      },
    ),
    { numRuns: 200 },
  );
});
