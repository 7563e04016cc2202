/** Runs the built program without permissions and on trees with misleading links. Requires root, to drop privileges. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { FakeRoot } from '../support/fake-root.ts';

export interface Check {
  readonly title: string;
  /** The problem; empty if the check passed. */
  readonly problem: string;
}

/** The command that runs vfio-names: an executable file and its first arguments. */
export type Program = readonly string[];

interface CommandResult {
  readonly status: number | null;
  readonly err: string;
}

/** Runs the program with `args`; `prefix` is a command that starts it. */
type Run = (args: readonly string[], prefix?: readonly string[]) => CommandResult;

/** Runs all checks; `work` is a temporary directory in which user nobody can read and run `program`. */
export function* checkPermissions(work: string, program: Program): Generator<Check> {
  const run: Run = (args, prefix = []) => {
    const [file = '', ...rest] = [...prefix, ...program, ...args];
    const { status, stderr } = spawnSync(file, rest, { encoding: 'utf8' });
    return { status, err: stderr };
  };
  let number = 0;
  const machine = (): FakeRoot => {
    const root = new FakeRoot(join(work, `rights${number++}`));
    for (const index of [0, 1, 2, 3]) root.add({ name: `0000:0${index + 1}:00.0`, sysname: `vfio${index}` });
    return root;
  };
  yield nobody(run, machine());
  yield userNamespace(run, machine());
  yield readOnly(run, machine());
  yield linkedRoot(run, machine());
  yield linkedBus(run, machine());
}

const linksProblem = (root: FakeRoot): string =>
  Object.keys(root.links()).length === 0 ? '' : 'links were created';

/** The run must exit with status 4 and print an errno. */
function denialProblem({ status, err }: CommandResult): string {
  if (status !== 4) return `status ${status}: ${err}`;
  return /EACCES|EPERM|EROFS/.test(err) ? '' : `no errno in: ${err}`;
}

function nobody(run: Run, root: FakeRoot): Check {
  const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  const wrong = denialProblem(run(['sync', '--root', root.dir], prefix)) || linksProblem(root);
  const list = run(['list', '--root', root.dir], prefix);
  return {
    title: 'sync as user nobody exits with status 4 and creates no link; list works',
    problem: wrong || (list.status === 0 ? '' : list.err),
  };
}

function userNamespace(run: Run, root: FakeRoot): Check {
  // Root in its own user namespace, user nobody outside.
  const prefix = [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '--',
    'unshare',
    '--user',
    '--map-root-user',
  ];
  return {
    title: 'sync as root of a user namespace exits with status 4 if the directory is not writable',
    problem: denialProblem(run(['sync', '--root', root.dir], prefix)) || linksProblem(root),
  };
}

function readOnly(run: Run, root: FakeRoot): Check {
  const dev = root.at('/dev');
  const mount = `mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`;
  const result = run(['sync', '--root', root.dir], ['unshare', '--mount', 'sh', '-c', mount, dev]);
  return {
    title: 'sync exits with status 4 on a read-only /dev and creates no link',
    problem: denialProblem(result) || linksProblem(root),
  };
}

function makeElsewhere(root: FakeRoot): string {
  fs.mkdirSync(root.at('/elsewhere/devices'), { recursive: true });
  return root.at('/elsewhere');
}

function linkedRoot(run: Run, root: FakeRoot): Check {
  const elsewhere = makeElsewhere(root);
  fs.renameSync(root.at('/dev/vfio'), root.at('/dev/vfio-was'));
  fs.symlinkSync('../elsewhere', root.at('/dev/vfio'));
  const { status, err } = run(['sync', '--root', root.dir]);
  const created = fs.readdirSync(elsewhere).filter((name) => name !== 'devices');
  return {
    title: 'sync fails if /dev/vfio is a link and creates nothing at its target',
    problem: status === 0 || created.length > 0 ? `status ${status}, created ${created}: ${err}` : '',
  };
}

function linkedBus(run: Run, root: FakeRoot): Check {
  const elsewhere = makeElsewhere(root);
  fs.symlinkSync('../../elsewhere', root.at('/dev/vfio/pci'));
  const { status, err } = run(['sync', '--root', root.dir]);
  const created = fs.readdirSync(elsewhere).filter((name) => name !== 'devices');
  const kept = fs.lstatSync(root.at('/dev/vfio/pci')).isSymbolicLink();
  return {
    title: 'sync fails if a directory of links is itself a link and does not change it',
    problem:
      status === 0 || created.length > 0 || !kept ? `status ${status}, created ${created}: ${err}` : '',
  };
}
