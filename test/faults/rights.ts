/** The real program where it lacks rights, or where somebody tries to lead it astray. Needs root, to give rights up. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { FakeRoot } from '../helpers/fake-root.ts';

export interface Check {
  readonly sentence: string;
  /** What was wrong; empty where all was right. */
  readonly wrong: string;
}

interface Done {
  readonly status: number | null;
  readonly err: string;
}

type Run = (words: readonly string[], by?: readonly string[]) => Done;

/** The checks in `work`; `built` is the built vfio-names. */
export function* checkRights(work: string, built: string): Generator<Check> {
  fs.chmodSync(work, 0o755);
  // Where it was built nobody may not even read it, perhaps.
  fs.cpSync(dirname(built), join(work, 'dist'), { recursive: true });
  const program = join(work, 'dist/vfio-names.cjs');
  const run: Run = (words, by = []) => {
    const [file = '', ...rest] = [...by, process.execPath, program, ...words];
    const { status, stderr } = spawnSync(file, rest, { encoding: 'utf8' });
    return { status, err: stderr };
  };
  let number = 0;
  const machine = (): FakeRoot => {
    const root = new FakeRoot(join(work, `rights${number++}`));
    for (const one of [0, 1, 2, 3]) root.add({ name: `0000:0${one + 1}:00.0`, sysname: `vfio${one}` });
    return root;
  };
  yield nobody(run, machine());
  yield userNamespace(run, machine());
  yield readOnly(run, machine());
  yield linkedRoot(run, machine());
  yield linkedBus(run, machine());
}

const nothing = (root: FakeRoot): string => (Object.keys(root.links()).length === 0 ? '' : 'links were made');

/** Status 4, and a line for each name that could not be made. */
function refused({ status, err }: Done): string {
  if (status !== 4) return `status ${status}: ${err}`;
  return /EACCES|EPERM|EROFS/.test(err) ? '' : `no reason in: ${err}`;
}

function nobody(run: Run, root: FakeRoot): Check {
  const by = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  const wrong = refused(run(['sync', '--root', root.dir], by)) || nothing(root);
  const list = run(['list', '--root', root.dir], by);
  return {
    sentence: 'nobody makes no name, is told so with status 4, and may list',
    wrong: wrong || (list.status === 0 ? '' : list.err),
  };
}

function userNamespace(run: Run, root: FakeRoot): Check {
  // Root of its own namespace, and nobody to the directory's owner.
  const by = [
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
    sentence: 'root of a user namespace makes no name where it may not write',
    wrong: refused(run(['sync', '--root', root.dir], by)) || nothing(root),
  };
}

function readOnly(run: Run, root: FakeRoot): Check {
  const dev = root.at('/dev');
  const mount = `mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`;
  const done = run(['sync', '--root', root.dir], ['unshare', '--mount', 'sh', '-c', mount, dev]);
  return {
    sentence: 'on a read-only /dev no name is made, with status 4',
    wrong: refused(done) || nothing(root),
  };
}

function elsewhereOf(root: FakeRoot): string {
  fs.mkdirSync(root.at('/elsewhere/devices'), { recursive: true });
  return root.at('/elsewhere');
}

function linkedRoot(run: Run, root: FakeRoot): Check {
  const elsewhere = elsewhereOf(root);
  fs.renameSync(root.at('/dev/vfio'), root.at('/dev/vfio-was'));
  fs.symlinkSync('../elsewhere', root.at('/dev/vfio'));
  const { status, err } = run(['sync', '--root', root.dir]);
  const made = fs.readdirSync(elsewhere).filter((name) => name !== 'devices');
  return {
    sentence: 'a link in the place of /dev/vfio is refused, and nothing is made where it leads',
    wrong: status === 0 || made.length > 0 ? `status ${status}, made ${made}: ${err}` : '',
  };
}

function linkedBus(run: Run, root: FakeRoot): Check {
  const elsewhere = elsewhereOf(root);
  fs.symlinkSync('../../elsewhere', root.at('/dev/vfio/pci'));
  const { status, err } = run(['sync', '--root', root.dir]);
  const made = fs.readdirSync(elsewhere).filter((name) => name !== 'devices');
  const kept = fs.lstatSync(root.at('/dev/vfio/pci')).isSymbolicLink();
  return {
    sentence: 'a link in the place of a directory of names is refused, and left as it is',
    wrong: status === 0 || made.length > 0 || !kept ? `status ${status}, made ${made}: ${err}` : '',
  };
}
