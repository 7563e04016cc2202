import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
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
  readonly volumeMounts: readonly Mount[];
}

interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
}

interface DaemonSet {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

const directory = new URL('../../../packaging/kubernetes/', import.meta.url);

function read<T>(path: string): T {
  return parse(fs.readFileSync(new URL(path, directory), 'utf8')) as T;
}

const validate = new Ajv2020().compile(schema);
const watch = read<DaemonSet>('daemonset.yaml').spec.template.spec;
const nfd = read<DaemonSet>('nfd/features.yaml').spec.template.spec;
const containers = [...(watch.containers ?? []), ...(nfd.initContainers ?? [])];
const volumes = [...watch.volumes, ...nfd.volumes];

test('the Kubernetes manifests match the strict schema', (t) => {
  for (const path of ['daemonset.yaml', 'namespace.yaml'])
    t.true(validate(read(path)), `${path}: ${JSON.stringify(validate.errors)}`);
  t.false(validate({ ...read<object>('daemonset.yaml'), spce: {} }));
});

test('every file in the kustomizations exists, and the image is a placeholder set in one place', (t) => {
  const base = read<{ resources: string[]; images: { name: string }[] }>('kustomization.yaml');
  const part = read<{ patches: { path: string }[] }>('nfd/kustomization.yaml');
  for (const path of [...base.resources, ...part.patches.map((patch) => `nfd/${patch.path}`)])
    t.true(fs.existsSync(new URL(path, directory)), path);
  const [image] = base.images;
  for (const container of containers) t.is(container.image, image?.name ?? 'none');
});

test('the containers are unprivileged and have only the required writable mounts', (t) => {
  for (const { name, securityContext, volumeMounts } of containers) {
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
  const writable = containers.flatMap(({ volumeMounts }) =>
    volumeMounts
      .filter(({ readOnly }) => !readOnly)
      .map(({ name }) => volumes.find((volume) => volume.name === name)),
  );
  t.deepEqual(
    writable.map((volume) => volume?.hostPath.path),
    ['/dev/vfio', '/var/run/cdi', '/etc/kubernetes/node-feature-discovery/features.d'],
  );
});

/** The Containerfile, which defines the files of the image and its entry point. */
const containerfile = fs.readFileSync(new URL('../container/Containerfile', directory), 'utf8');

const built = fs.existsSync(new URL('../../dist/vfio-names.cjs', directory)) ? test : test.skip;
const env = { PATH: process.env['PATH'] };

/** The command line of a container, with its files and mounts in temporary directories instead of its root. */
function commandLine(t: ExecutionContext, { args }: Container, root: FakeRoot): string[] {
  const image = fs.mkdtempSync(join(tmpdir(), 'vfio-names-image-'));
  t.teardown(() => fs.rmSync(image, { recursive: true, force: true }));
  for (const [, from = '', to = ''] of containerfile.matchAll(/^COPY (\S+) (\S+)$/gm))
    fs.cpSync(new URL(`../../${from}`, directory), join(image, to), { recursive: true });
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(containerfile)?.[1] ?? '[]') as string[];
  t.is(entry[0], 'node');
  const inImage = entry.slice(1).map((arg) => join(image, arg));
  const mounted = args.map((arg) => {
    if (arg === '/host') return root.dir;
    return arg.startsWith('/') ? root.at(arg) : arg;
  });
  return [...inImage, ...mounted];
}

function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/var/run/cdi'), { recursive: true });
  root.node('/dev/iommu', '10:125');
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.add({ name: '0000:01:00.0', sysname: 'vfio3', group: '14', driver: 'vfio-pci' });
  return root;
}

built(
  'the command line of the daemon set creates the links and the CDI file, and removes the file at the end',
  async (t) => {
    const root = machine(t);
    const [container] = watch.containers ?? [];
    if (!container) return t.fail();
    const child = spawn(process.execPath, commandLine(t, container, root), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
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
    child.kill('SIGTERM');
    t.is(await ended, 0);
    t.false(fs.existsSync(file));
  },
);

built('the command line for Node Feature Discovery writes the features file', async (t) => {
  const root = machine(t);
  const [container] = nfd.initContainers ?? [];
  if (!container) return t.fail();
  fs.mkdirSync(root.at('/features.d'));
  const child = spawn(process.execPath, commandLine(t, container, root), { env, stdio: 'ignore' });
  t.is(await new Promise((resolve) => child.once('close', resolve)), 0);
  t.regex(fs.readFileSync(root.at('/features.d/vfio-names'), 'utf8'), /^vfio-names\.dev\/pci\.count=1$/m);
});
