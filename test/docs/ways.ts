/** The kinds of checks for the table in examples.test.ts. */
import { readFileSync, rmSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { vfioId } from '../../src/vfio-id/vfio-id.ts';
import { type FakeRoot, fakeFiles } from '../support/fake-root.ts';
import { validJson } from '../support/schema.ts';
import { startService } from '../support/start-service.ts';
import { projectText } from './lines.ts';
import { argsOn, runExec, runOn, runProbes } from './machine.ts';

export type Row = (t: ExecutionContext, root: FakeRoot, line: string) => Promise<unknown> | unknown;

/** The command exits with `status` and its stdout matches, after sync. */
export const prints =
  (status: number, ...patterns: readonly RegExp[]): Row =>
  async (t, root, line) => {
    await runOn(root, 'vfio-names sync');
    const { status: found, out, err } = await runOn(root, line);
    t.is(found, status, err.join('\n'));
    for (const pattern of patterns) t.regex(out, pattern, line);
    if (line.includes('--json')) validJson(t, 'list', out);
  };

/** As `prints`, but before sync. */
export const printsBeforeSync =
  (status: number, ...patterns: readonly RegExp[]): Row =>
  async (t, root, line) => {
    const { status: found, out } = await runOn(root, line);
    t.is(found, status);
    for (const pattern of patterns) t.regex(out, pattern);
  };

export const probes =
  (...patterns: readonly RegExp[]): Row =>
  async (t, root, line) => {
    const { status, out, err } = await runProbes(root, line);
    t.is(status, 0, err.join('\n'));
    for (const pattern of patterns) t.regex(out, pattern);
  };

export const execs =
  (command: string, words: readonly string[], fds: string): Row =>
  async (t, root, line) => {
    const { args, environment } = await runExec(root, line);
    t.deepEqual(args, [command, ...words]);
    t.true(environment.includes(`VFIO_NAMES_FDS=${fds}`), environment.join(' '));
  };

/** The service starts, writes `file` if given, and exits on SIGTERM. */
export const serves =
  (file?: string, pattern = /./): Row =>
  async (t, root, line) => {
    const [, ...words] = argsOn(root, line).filter((word) => word !== '--host-root' && word !== root.dir);
    const service = await startService(t, root, words);
    t.is(service.out().match(/^added /gm)?.length, 3, service.out());
    t.regex(service.out(), /^watching: 3 devices, 3 names$/m);
    if (file !== undefined) t.regex(readFileSync(root.at(file), 'utf8'), pattern);
    service.signal('SIGTERM');
    t.is(await service.status, 0);
  };

/** For commands that need a kernel, udevd, systemd, podman or QEMU: test/integration/vm/scenarios/NAME.sh contains the same command line. */
export const inVmScenario =
  (scenario: string, ...patterns: readonly RegExp[]): Row =>
  (t) => {
    const text = projectText(`test/integration/vm/scenarios/${scenario}.sh`);
    for (const pattern of patterns) t.regex(text, pattern);
  };

/** vfio_id creates or removes links as when udev rules call it. */
export const runsVfioId =
  (action: 'add' | 'remove', links: Readonly<Record<string, string>>): Row =>
  async (t, root) => {
    if (action === 'remove') await runOn(root, 'vfio-names sync');
    const env = { DEVPATH: '/devices/pci0000:00/0000:00:06.0/0000:01:00.0/vfio-dev/vfio3' };
    if (action === 'remove') rmSync(root.at('/sys/class/vfio-dev/vfio3'));
    const fixed = { files: fakeFiles, root: root.dir, version: '1', token: 't' };
    t.is(vfioId({ argv: ['link', action], env }, fixed).status, 0);
    t.deepEqual(root.links(), links);
  };

export const all =
  (...rows: readonly Row[]): Row =>
  async (t, root, line) => {
    for (const row of rows) await row(t, root, line);
  };
