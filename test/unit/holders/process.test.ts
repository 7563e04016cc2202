import test from 'ava';
import fc from 'fast-check';
import { parseCgroup } from '../../../src/holders/process.ts';

const id = '3e1f0c9d8b7a65544332211000ffeeddccbbaa99887766554433221100ffeedd';
const uid = '0a1b2c3d-1111-2222-3333-444455556666';

const finds = test.macro({
  exec(t, path: string, expected: object) {
    t.deepEqual(parseCgroup(`0::${path}\n`), expected);
  },
  title: (title) => `membership finds ${title}`,
});

test('the unit of a service', finds, '/system.slice/sshd.service', { unit: 'sshd.service' });
test('the innermost unit', finds, '/user.slice/user-0.slice/user@0.service/app.slice/vm.service', {
  unit: 'vm.service',
});
test('the scope of a session', finds, '/user.slice/user-0.slice/session-3.scope', {
  unit: 'session-3.scope',
});
test('nothing for the root of the tree', finds, '/', {});
test('nothing for a slice alone', finds, '/system.slice', {});
test('docker with the systemd driver', finds, `/system.slice/docker-${id}.scope`, {
  unit: `docker-${id}.scope`,
  container: { runtime: 'docker', id },
});
test('docker with the cgroupfs driver', finds, `/docker/${id}`, { container: { runtime: 'docker', id } });
test('podman with the systemd driver', finds, `/machine.slice/libpod-${id}.scope/container`, {
  unit: `libpod-${id}.scope`,
  container: { runtime: 'podman', id },
});
test('podman with the cgroupfs driver', finds, `/libpod_parent/libpod-${id}`, {
  container: { runtime: 'podman', id },
});
test('podman in a service', finds, `/system.slice/web.service/libpod-payload-${id}`, {
  unit: 'web.service',
  container: { runtime: 'podman', id },
});
test(
  'a Kubernetes pod with containerd and the systemd driver',
  finds,
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
  { unit: `cri-containerd-${id}.scope`, container: { runtime: 'containerd', id, pod: uid } },
);
test(
  'a Kubernetes pod with CRI-O',
  finds,
  `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope`,
  {
    unit: `crio-${id}.scope`,
    container: { runtime: 'cri-o', id, pod: uid },
  },
);
test('a Kubernetes pod with the cgroupfs driver', finds, `/kubepods/besteffort/pod${uid}/${id}`, {
  container: { runtime: 'kubernetes', id, pod: uid },
});
for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
  test(
    `no container in a user's own cgroup called ${name}`,
    finds,
    `/user.slice/user-1000.slice/user@1000.service/${name}/0123456789abcdef`,
    { unit: 'user@1000.service' },
  );
test('lxc', finds, '/lxc.payload.web/system.slice/nginx.service', {
  unit: 'nginx.service',
  container: { runtime: 'lxc', id: 'web' },
});
test('lxc with its old cgroup path', finds, '/lxc/web', { container: { runtime: 'lxc', id: 'web' } });
test('no container for a directory that only looks like an id', finds, `/${id}`, {});

test('parseCgroup uses the systemd hierarchy of version 1, and the longest path without one', (t) => {
  const text = `12:pids:/system.slice\n3:cpu,cpuacct:/\n1:name=systemd:/system.slice/docker-${id}.scope\n0::/\n`;
  t.is(parseCgroup(text).container?.id, id);
  t.is(parseCgroup(`4:devices:/docker/${id}\n3:cpu:/\n`).container?.id, id);
});

test('parseCgroup reads a path that leads out of a cgroup namespace', (t) => {
  t.is(parseCgroup(`0::/../../system.slice/a.service\n`).unit, 'a.service');
});

test('parseCgroup never throws', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.string()).map((parts) => `0::/${parts.join('/')}`),
      ),
      (text) => {
        const { unit } = parseCgroup(text);
        t.true(unit === undefined || text.includes(unit));
      },
    ),
    { numRuns: 200 },
  );
});
