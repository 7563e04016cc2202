import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { programCommand } from '../../support/given-program.ts';
import schema from './kubernetes.schema.json' with { type: 'json' };

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly securityContext: unknown;
  readonly livenessProbe?: { readonly exec: { readonly command: readonly string[] } };
  readonly volumeMounts: readonly Mount[];
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly hostPath?: { readonly path: string };
    readonly emptyDir?: object;
  }[];
}

interface DaemonSet {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

const directory = new URL('../../../packaging/kubernetes/', import.meta.url);

function read<T>(path: string): T {
  return parse(fs.readFileSync(new URL(path, directory), 'utf8')) as T;
}

const validate = new Ajv2020().compile(schema);

interface Operation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** The DaemonSet after the patch of the component nfd: each operation adds a value to the end of an array. */
function patched(): DaemonSet {
  const document = read<DaemonSet>('daemonset.yaml');
  for (const { op, path, value } of read<readonly Operation[]>('nfd/features.yaml')) {
    const parts = path.split('/').slice(1);
    if (op !== 'add' || parts.pop() !== '-') throw new Error(`${op} ${path} does not add to an array`);
    const list = parts.reduce<unknown>((found, part) => (found as Record<string, unknown>)[part], document);
    (list as unknown[]).push(value);
  }
  return document;
}

const watch = read<DaemonSet>('daemonset.yaml').spec.template.spec;
const nfd = patched().spec.template.spec;
const { volumes } = nfd;

test('the Kubernetes manifests match the strict schema', (t) => {
  for (const path of ['daemonset.yaml', 'namespace.yaml', 'example/pod.yaml'])
    t.true(validate(read(path)), `${path}: ${JSON.stringify(validate.errors)}`);
  t.true(validate(patched()), JSON.stringify(validate.errors));
  t.false(validate({ ...read<object>('daemonset.yaml'), spce: {} }));
});

test('every file in the kustomizations exists, and the image is a placeholder set in one place', (t) => {
  const base = read<{ resources: string[]; images: { name: string }[] }>('kustomization.yaml');
  const part = read<{ patches: { path: string }[] }>('nfd/kustomization.yaml');
  for (const path of [...base.resources, ...part.patches.map((patch) => `nfd/${patch.path}`)])
    t.true(fs.existsSync(new URL(path, directory)), path);
  const [image] = base.images;
  t.is(watch.containers[0].image, image?.name ?? 'none');
  t.deepEqual((part.patches[0] as { target?: unknown }).target, {
    group: 'apps',
    version: 'v1',
    kind: 'DaemonSet',
    name: 'vfio-names',
  });
});

test('the container of the DaemonSet is unprivileged and has only the required writable mounts', (t) => {
  for (const { name, securityContext, volumeMounts } of nfd.containers) {
    t.deepEqual(
      securityContext,
      {
        runAsUser: 0,
        runAsGroup: 0,
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      name,
    );
    for (const mount of volumeMounts)
      t.true(
        volumes.some((volume) => volume.name === mount.name),
        mount.name,
      );
  }
  const writable = nfd.containers.flatMap(({ volumeMounts }) =>
    volumeMounts
      .filter(({ readOnly }) => !readOnly)
      .map(({ name }) => volumes.find((volume) => volume.name === name)),
  );
  t.deepEqual(
    writable.map((volume) => volume?.hostPath?.path ?? volume?.name),
    ['/dev/vfio', '/var/run/cdi', 'run', '/etc/kubernetes/node-feature-discovery/features.d'],
  );
});

/** The Containerfile, which defines the files of the image and its entry point. */
const containerfile = fs.readFileSync(new URL('../container/Containerfile', directory), 'utf8');

/** A command line of the image on the program under test, with the mounts below a temporary directory. */
function commandLine(args: readonly string[], root: FakeRoot): [string, string[]] {
  const [program, ...options] = programCommand;
  const mounted = args.map((arg) => {
    if (arg === '/host') return root.dir;
    return arg.startsWith('/') ? root.at(arg) : arg;
  });
  return [program, [...options, ...mounted]];
}

function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  for (const directory of ['/var/run/cdi', '/run/vfio-names', '/features.d'])
    fs.mkdirSync(root.at(directory), { recursive: true });
  root.node('/dev/iommu', '10:125');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.add({ name: '0000:01:00.0', sysname: 'vfio3', group: '14', driver: 'vfio-pci' });
  return root;
}

test('.containerignore lets through exactly what the image copies', (t) => {
  const ignored = fs.readFileSync(new URL('../../.containerignore', directory), 'utf8').trim().split('\n');
  const copied = [...containerfile.matchAll(/^COPY (\S+) /gm)].map(([, from = '']) => `!${from}`);
  t.deepEqual(
    ignored.filter((line) => !line.startsWith('#')),
    ['*', ...copied.sort()],
  );
});

test('the image has the static program at the path of its entry point and of the liveness probe', (t) => {
  const [, entry = ''] = /^ENTRYPOINT \["([^"]*)"\]$/m.exec(containerfile) ?? [];
  t.regex(containerfile, /^FROM scratch$/m);
  t.true(containerfile.includes(`COPY dist/native/vfio-names-static ${entry}\n`));
  t.is(watch.containers[0].livenessProbe?.exec.command[0], entry);
  const metrics = watch.containers[0].args[watch.containers[0].args.indexOf('--metrics') + 1];
  t.deepEqual(watch.containers[0].livenessProbe?.exec.command.slice(1), [
    'watch',
    '--alive',
    '--metrics',
    metrics,
  ]);
});

test('the command line of the daemon set creates the links and the files, is alive for the probe, and removes the files at the end', async (t) => {
  const root = machine(t);
  const [container] = nfd.containers;
  const child = spawn(...commandLine(container.args, root), { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (data) => {
      out += data;
      if (out.includes('watching:')) resolve();
    });
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  await Promise.race([ready, ended]);
  t.deepEqual(root.links(), { 'pci/0000:01:00.0': '../devices/vfio3' }, err);
  const file = root.at('/var/run/cdi/vfio-names-pci.json');
  // Without permission to create device nodes, the CDI file is not written.
  const nodes = fs.lstatSync(root.at('/dev/vfio/devices/vfio3')).isCharacterDevice();
  t.is(fs.existsSync(file), nodes, err);
  if (nodes) t.regex(fs.readFileSync(file, 'utf8'), /"hostPath": "\/dev\/vfio\/devices\/vfio3"/);
  t.regex(fs.readFileSync(root.at('/features.d/vfio-names'), 'utf8'), /^vfio-names\.dev\/pci\.count=1$/m);
  const command = container.livenessProbe?.exec.command.slice(1) ?? [];
  const probe = spawnSync(...commandLine(command, root), { encoding: 'utf8' });
  t.regex(probe.stdout, /^alive: /, probe.stderr);
  t.is(probe.status, 0);
  child.kill('SIGTERM');
  t.is(await ended, 0);
  t.false(fs.existsSync(file));
  t.deepEqual(fs.readdirSync(root.at('/features.d')), []);
});
