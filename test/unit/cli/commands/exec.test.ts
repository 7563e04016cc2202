import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseCommandLine } from '../../../../src/cli/args.ts';
import type { Io } from '../../../../src/cli/command.ts';
import { run as runExec } from '../../../../src/cli/commands/exec.ts';
import { commands, commonOptions } from '../../../../src/cli/commands.ts';
import type { ExitStatus, VfioNamesError } from '../../../../src/errors.ts';
import { CallError } from '../../../../src/system/calls.ts';
import type { Environment, ExecCalls } from '../../../../src/system/process.ts';
import { runCli } from '../../../support/cli.ts';
import { errorLine } from '../../../support/error-line.ts';
import { type FakeCalls, type FakeNode, fakeCalls, fakeNodeCalls } from '../../../support/fake-calls.ts';
import { Executed, Exited, type FakeExec, type FakeState, fakeExec } from '../../../support/fake-exec.ts';
import { canUseNodes, type FakeRoot, fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { canUnshare, isCheckoutReadable } from '../../../support/permitted.ts';
import { validJson } from '../../../support/schema.ts';
import { testSystem } from '../../../support/system.ts';

const tty = { env: {}, stdoutIsTty: false };

function parse(args: readonly string[]) {
  const parsed = parseCommandLine(args, commands, commonOptions, tty);
  if (parsed.kind !== 'run') throw new Error('no invocation');
  return parsed.invocation;
}

test('exec passes everything after -- to CMD, including options and further --', (t) => {
  const { operands, commandArgs, flags, values } = parse(
    '-q exec vfio0 --user qemu vfio1 -- prog --help -q -- --iommu {fd}'.split(' '),
  );
  t.deepEqual(operands, ['vfio0', 'vfio1']);
  t.deepEqual(commandArgs, ['prog', '--help', '-q', '--', '--iommu', '{fd}']);
  t.deepEqual({ ...flags }, { quiet: true });
  t.deepEqual({ ...values }, { user: 'qemu' });
  t.deepEqual(
    parse(['exec', 'vfio0', '--', 'vfio0', '']).commandArgs,
    ['vfio0', ''],
    'an empty argument is kept',
  );
});

const rejectsLine = test.macro({
  exec(t, line: string, pattern: RegExp) {
    t.regex(errorLine(t.throws(() => parse(line.split(' ')), { code: 'usage' })), pattern);
  },
  title: (_, line: string) => `exec rejects the command line "${line}"`,
});
test(rejectsLine, 'exec -- prog', /exec: expected NAME\.\.\., found nothing/);
test(rejectsLine, 'exec vfio0', /exec: expected -- CMD\.\.\., found nothing/);
test(rejectsLine, 'exec vfio0 prog', /exec: expected -- CMD\.\.\., found nothing/);
test(rejectsLine, 'exec vfio0 --', /exec: expected -- CMD\.\.\., found nothing/);
test(rejectsLine, 'exec vfio0 -- ', /exec: expected -- CMD\.\.\., found nothing/);
test(rejectsLine, 'exec vfio0 --iomu -- prog', /exec has no option --iomu; did you mean --iommu\?/);
test(rejectsLine, 'exec vfio0 --user -- prog --iomu', /expected USER after --user, found another option/);

interface Trial extends FakeExec {
  readonly root: FakeRoot;
  readonly nodes: FakeCalls;
  readonly nodesByPath: Record<string, FakeNode>;
  readonly err: string[];
  /** Runs `exec`, and returns CMD, or the exit status. */
  readonly run: (line: string) => Promise<Executed | number>;
}

/** Two devices and /dev/iommu; the process is a fake. */
function trial(
  t: ExecutionContext,
  overrides: Partial<ExecCalls> = {},
  start: Partial<FakeState> = {},
  env: Environment = { PATH: '/bin', LISTEN_FDS: '1', LISTEN_PID: '7', LISTEN_FDNAMES: 'x' },
): Trial {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.write('/etc/passwd', 'qemu:x:107:108::/:/bin/false\n');
  const nodesByPath = {
    [root.at('/dev/vfio/devices/vfio0')]: { devnum: '247:0' },
    [root.at('/dev/vfio/devices/vfio1')]: { devnum: '247:1' },
    [root.at('/dev/iommu')]: { devnum: '10:125' },
  };
  const nodes = fakeCalls(nodesByPath);
  const fake = fakeExec(overrides, start);
  const err: string[] = [];
  const system = testSystem({
    files: fake.files,
    nodes: fakeNodeCalls(nodes),
    process: {
      env,
      loadExecCalls: async () => fake.calls,
      startingOpenFilesLimit: () => 1024,
    },
  });
  const io: Io = {
    out: () => t.fail('exec prints nothing itself'),
    err: (line) => err.push(line),
    stdoutIsTty: false,
    stdinIsTty: false,
  };
  const run = async (line: string): Promise<Executed | number> => {
    try {
      return await runExec(parse(`exec --host-root ${root.dir} ${line}`.split(' ')), io, system);
    } catch (error) {
      if (error instanceof Executed) return error;
      if (error instanceof Exited) return error.status;
      throw error;
    }
  };
  return { ...fake, root, nodes, nodesByPath, err, run };
}

test('exec executes CMD with the devices in the order of the NAMEs, then /dev/iommu, and no others', async (t) => {
  const { run, nodes, state } = trial(t);
  const executed = (await run(
    '--iommu vfio1 01:00.0 -- prog {fd:vfio1} {fd:01:00.0} {fd:pci/0000:01:00.0} {iommufd}',
  )) as Executed;
  t.is(executed.path, '/bin/prog');
  t.deepEqual(executed.args, ['prog', '3', '4', '4', '5']);
  t.deepEqual(executed.environment, [
    'PATH=/bin',
    'VFIO_NAMES_FDS=pci/0000:02:00.0=3 pci/0000:01:00.0=4 iommu=5',
  ]);
  t.deepEqual(nodes.log, ['open node', 'open node', 'open iommu']);
  t.deepEqual(Object.keys(executed.descriptors), ['0', '1', '2', '3', '4', '5']);
  t.deepEqual(
    [3, 4, 5].map((fd) => state.descriptors.get(fd)?.nonblocking),
    [false, false, false],
  );
});

test('exec says that the node of a device without an IOMMU gives no isolation', async (t) => {
  const { run, root, nodesByPath, err } = trial(t);
  root.add({ name: '0000:03:00.0', sysname: 'noiommu-vfio2' });
  nodesByPath[root.at('/dev/vfio/devices/noiommu-vfio2')] = { devnum: '247:2' };
  const executed = (await run('vfio0 0000:03:00.0 -- prog {fd:0000:03:00.0}')) as Executed;
  t.deepEqual(executed.args, ['prog', '4']);
  t.deepEqual(err, ['vfio-names: 0000:03:00.0 has no IOMMU: its node gives no isolation']);
});

test('exec passes bytes of the environment that are not UTF-8 as they are', async (t) => {
  const { run, files } = trial(t, {}, {}, { A: 'x\ufffdy', B: '\ufffd', PATH: '/bin' });
  Object.assign(files, {
    readBytes: (path: string) => {
      t.is(path, '/proc/self/environ');
      return Buffer.from('PATH=/bin\0A=x\xffy\0A=x\xfey\0B=\xef\xbf\xbd', 'latin1');
    },
  });
  const executed = (await run('vfio0 -- prog')) as Executed;
  t.deepEqual(executed.environment, [
    'A=x\udcffy',
    'B=\ufffd',
    'PATH=/bin',
    'VFIO_NAMES_FDS=pci/0000:01:00.0=3',
  ]);
});

test('exec restores the soft limit of open files, and opens a device only once if it is named twice', async (t) => {
  const { run, log, state } = trial(t);
  const executed = (await run('vfio0 0000:01:00.0 -- prog {fd} {fd:vfio0} {fd:0000:01:00.0}')) as Executed;
  t.deepEqual(executed.args, ['prog', '3', '3', '3']);
  t.deepEqual(log, ['limit 1024', 'signals', 'execute /bin/prog']);
  t.deepEqual(state.limits, [1024, 4096]);
});

test('exec --user becomes the user after the last open and before CMD is executed', async (t) => {
  const { run, log, nodes, state } = trial(t, {
    setGroups: () => {
      t.deepEqual(nodes.log, ['open node', 'open iommu']);
      state.groups = [108];
    },
  });
  t.true((await run('--user qemu --iommu vfio0 -- prog')) instanceof Executed);
  t.deepEqual(log, ['limit 1024', 'gid', 'uid', 'capabilities', 'keyring', 'signals', 'execute /bin/prog']);
});

test('exec --user adds a filter on a terminal, before it drops the capability for it; exec without it does not', async (t) => {
  const terminal = trial(t, {}, { terminal: true });
  t.true((await terminal.run('--user qemu vfio0 -- prog')) instanceof Executed);
  t.deepEqual(terminal.log.slice(1, 3), ['filter', 'groups']);
  const same = trial(t, {}, { terminal: true });
  t.true((await same.run('vfio0 -- prog')) instanceof Executed);
  t.false(same.log.includes('filter'));
});

for (const [line, code] of [
  ['vfio9 -- prog', 'no-device'],
  ['vfio0 vfio1 -- prog {fd}', 'usage'],
  ['vfio0 -- prog {iommufd}', 'usage'],
  ['vfio0 --user nobody -- prog', 'no-user'],
  ['vfio0 --timeout 0 -- prog', 'usage'],
] as const)
  test(`exec opens and executes nothing for "${line}"`, async (t) => {
    const { run, nodes, log } = trial(t);
    await t.throwsAsync(run(line), { code });
    t.deepEqual(nodes.log, []);
    t.deepEqual(log, []);
  });

test('exec closes all descriptors and does not execute CMD if a node cannot be opened', async (t) => {
  const { run, nodes, log, root } = trial(t);
  root.write('/sys/class/misc/iommu/dev', '10:1\n');
  await t.throwsAsync(run('vfio0 vfio1 --iommu -- prog'), { code: 'node-mismatch' });
  t.is(nodes.openCount(), 0);
  t.deepEqual(log, []);
});

/** Group 14 of two functions and group 15 of one, with nodes of groups only; /dev/vfio/vfio. */
function groupTrial(t: ExecutionContext, overrides: Partial<ExecCalls> = {}): Trial {
  const own = trial(t, overrides);
  const { root } = own;
  const bound = { devnum: false, driver: 'vfio-pci' } as const;
  root.add({ ...bound, name: '0000:05:00.0', sysname: 'vfio5', group: '14' });
  root.add({ ...bound, name: '0000:05:00.1', sysname: 'vfio6', group: '14' });
  root.add({ ...bound, name: '0000:06:00.0', sysname: 'vfio7', group: '15' });
  root.addGroup('14');
  root.addGroup('15');
  Object.assign(own.nodesByPath, {
    [root.at('/dev/vfio/14')]: { devnum: '243:14' },
    [root.at('/dev/vfio/15')]: { devnum: '243:15' },
    [root.at('/dev/vfio/vfio')]: { devnum: '10:196' },
  });
  return own;
}

test('exec --interface group passes each group once, then the container', async (t) => {
  const { run, nodes } = groupTrial(t);
  const executed = (await run(
    '--interface group 06:00.0 05:00.1 05:00.0 -- prog {groupfd:05:00.0} {groupfd:vfio6} {groupfd:06:00.0} {containerfd}',
  )) as Executed;
  t.deepEqual(executed.args, ['prog', '4', '4', '3', '5']);
  t.is(
    executed.environment[1],
    'VFIO_NAMES_FDS=groups/pci/0000:06:00.0=3 groups/pci/0000:05:00.1=4 groups/pci/0000:05:00.0=4 container=5',
  );
  t.deepEqual(nodes.log, ['open group', 'open group', 'open container']);
  t.deepEqual(Object.keys(executed.descriptors), ['0', '1', '2', '3', '4', '5']);
});

test('exec --interface group --iommu passes /dev/iommu in place of the container', async (t) => {
  const { run, nodes } = groupTrial(t);
  const executed = (await run('--interface group --iommu 06:00.0 -- prog {groupfd} {iommufd}')) as Executed;
  t.deepEqual(executed.args, ['prog', '3', '4']);
  t.deepEqual(nodes.log, ['open group', 'open iommu']);
});

for (const name of ['05:00.0+group', '/dev/vfio/14', 'group:14', 'groups/pci/0000:05:00.0'])
  test(`exec --interface group ${name} passes the group with the names of all its devices`, async (t) => {
    const { run } = groupTrial(t);
    const executed = (await run(`--interface group ${name} -- prog {groupfd} {groupfd:${name}}`)) as Executed;
    t.deepEqual(executed.args, ['prog', '3', '3']);
    t.is(
      executed.environment[1],
      'VFIO_NAMES_FDS=groups/pci/0000:05:00.0=3 groups/pci/0000:05:00.1=3 container=4',
    );
  });

test('exec NAME+group passes the nodes of all devices of the group', async (t) => {
  const { run, root } = trial(t);
  for (const sysname of ['vfio0', 'vfio1'])
    root.add({ name: `0000:0${sysname === 'vfio0' ? 1 : 2}:00.0`, sysname, driver: 'vfio-pci', group: '9' });
  const executed = (await run('vfio1+group -- prog {fd:vfio0} {fd:vfio1}')) as Executed;
  t.deepEqual(executed.args, ['prog', '3', '4']);
  t.is(executed.environment[1], 'VFIO_NAMES_FDS=pci/0000:01:00.0=3 pci/0000:02:00.0=4');
});

test('exec opens nothing if a driver of the host keeps the group closed, and names its device', async (t) => {
  const { run, root, nodes, log } = groupTrial(t);
  root.add({ name: '0000:05:00.2', driver: 'snd_hda_intel', group: '14' });
  for (const line of ['--interface group 05:00.0 -- prog', '--interface group 05:00.0+group -- prog'])
    await t.throwsAsync(run(line), {
      code: 'group-not-viable',
      message: /0000:05:00\.2 \(snd_hda_intel\) is bound to a driver of the host/,
    });
  t.deepEqual([nodes.log, log], [[], []]);
});

test('exec --interface group works on a kernel before 6.1', async (t) => {
  const { run, root } = groupTrial(t);
  root.withoutVfioClass();
  const executed = (await run('--interface group 06:00.0 -- prog {groupfd} {containerfd}')) as Executed;
  t.deepEqual(executed.args, ['prog', '3', '4']);
  t.is(executed.environment[1], 'VFIO_NAMES_FDS=groups/pci/0000:06:00.0=3 container=4');
  await t.throwsAsync(run('06:00.0 -- prog'), { code: 'no-vfio-class' });
  await t.throwsAsync(run('--interface group 06:00.0 -- prog {groupfd:}'), { code: 'usage' });
});

test('exec --no-fds opens and closes the nodes, and passes nothing', async (t) => {
  const { run, nodes } = groupTrial(t);
  const executed = (await run('--interface group --no-fds 06:00.0 -- prog host=06:00.0')) as Executed;
  t.deepEqual(nodes.log, ['open group', 'open container', 'close', 'close']);
  t.deepEqual(executed.environment, ['PATH=/bin']);
  t.deepEqual(Object.keys(executed.descriptors), ['0', '1', '2']);
  await t.throwsAsync(run('--no-fds vfio0 -- prog {fd}'), { code: 'usage' });
});

test('exec --no-fds --user does not start CMD if owner and mode of a node keep the user from opening it', async (t) => {
  const { run, files, nodes, log, err } = groupTrial(t);
  const modes: Record<number, number> = { 0: 0o660, 1: 0o666 };
  let gid = 108;
  let count = 0;
  Object.assign(files, {
    stat: (path: string) =>
      path.startsWith('/proc/self/fd/')
        ? {
            kind: 'char',
            uid: 0,
            gid,
            mode: modes[count++] ?? 0o600,
            devnum: '243:15',
            inode: 1,
            modified: 0,
          }
        : fakeFiles.stat(path),
    readlink: (path: string) =>
      path.startsWith('/proc/self/fd/') ? '/dev/vfio/15' : fakeFiles.readlink(path),
  });
  t.true((await run('--interface group --no-fds --user qemu 06:00.0 -- prog')) instanceof Executed);
  t.is(count, 2, 'the group and the container');
  log.splice(0);
  await t.throwsAsync(run('--interface group --no-fds --user qemu 06:00.0 -- prog'), {
    code: 'not-permitted',
    message: 'expected nodes that qemu may open, found /dev/vfio/15 of 0:108, mode 0600',
  });
  t.deepEqual(err, []);
  t.deepEqual(log, []);
  t.is(nodes.openCount(), 0);
  // An ACL may let the user open the first node; none can for the mode 0600 of the second.
  [gid, count] = [36, 0];
  modes[1] = 0o600;
  await t.throwsAsync(run('--interface group --no-fds --user qemu 06:00.0 -- prog'), {
    code: 'not-permitted',
  });
  [modes[1], count] = [0o666, 0];
  t.true((await run('--interface group --no-fds --user qemu 06:00.0 -- prog')) instanceof Executed);
  const line =
    'vfio-names: qemu can open /dev/vfio/15 of 0:36, mode 0660, only by an access control list: it is not in that group';
  t.deepEqual(err, [line, line]);
});

/** Calls that may fail while CMD is prepared, and the exit status that follows. */
const steps: readonly (readonly [keyof ExecCalls, ExitStatus])[] = [
  ['setOpenFilesLimit', 1],
  ['addFilter', 4],
  ['setGroups', 4],
  ['setGid', 4],
  ['setUid', 4],
  ['clearCapabilities', 4],
  ['joinSessionKeyring', 4],
  ['duplicateFrom', 1],
  ['duplicateTo', 1],
  ['makeBlocking', 1],
  ['closeOnExecFrom', 1],
  ['keepOnExec', 1],
  ['resetSignals', 1],
];
for (const [name, status] of steps) {
  test(`exec --user does not execute CMD if ${name} fails`, async (t) => {
    const failing = {
      [name]: () => {
        throw new CallError(name, 'EINVAL');
      },
    };
    const { run, log, err } = trial(t, failing, { terminal: true });
    try {
      t.is(await run('--user qemu vfio0 -- prog'), status);
      t.is(err.length, 1);
    } catch (error) {
      t.is((error as VfioNamesError).status, status);
    }
    t.false(log.includes('execute /bin/prog'));
  });
  test(`exec --user does not execute CMD if ${name} returns without an effect`, async (t) => {
    const silent = { [name]: (fd: number) => fd };
    const { run, log } = trial(t, silent, { terminal: true });
    try {
      t.is(await run('--user qemu vfio0 -- prog'), status);
    } catch (error) {
      t.is((error as VfioNamesError).status, status);
    }
    t.false(log.includes('execute /bin/prog'));
  });
}

test('exec ends with status 1 and at once if the open of a device does not return', async (t) => {
  const { run, err, nodes } = trial(t);
  nodes.open = () => {
    throw new CallError('open node', 'ETIMEDOUT');
  };
  t.is(await run('vfio0 --timeout 2.5 -- prog'), 1);
  t.is(err.length, 1);
  t.regex(
    err[0] ?? '',
    /^vfio-names: could not open 0000:01:00\.0: did not answer within 2\.5 s at open node; /,
  );
});

for (const [errno, status, pattern] of [
  ['ENOENT', 127, /^vfio-names: expected a program at pr\\x1bog, found none/],
  ['EACCES', 126, /could not run it: permission denied \(EACCES\)$/],
  ['ENOEXEC', 126, /could not run it: ENOEXEC; a script must begin with #!$/],
  ['E2BIG', 126, /could not run it: E2BIG$/],
] as const)
  test(`exec exits with status ${status}, as a shell does, if execve fails with ${errno}`, async (t) => {
    const { run, err } = trial(t, {}, { programs: { '/bin/pr\u001bog': errno } });
    t.is(await run('vfio0 -- pr\u001bog'), status);
    t.is(err.length, 1);
    t.regex(err[0] ?? '', pattern);
  });

test('exec reports an unknown device and a device without a node like other commands', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: false });
  for (const [name, status] of [
    ['vfio9', 3],
    ['vfio0', 5],
  ] as const) {
    const result = await runCli(['exec', '--host-root', root.dir, name, '--', 'prog']);
    t.is(result.status, status);
    t.is(result.err.length, 1);
  }
});

/** A device whose node is a real one: 1:3 is /dev/null. */
function nullMachine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', devnum: '1:3' });
  root.node('/dev/iommu', '1:5', 0o600);
  root.write('/sys/class/misc/iommu/dev', '1:5\n');
  root.write('/etc/passwd', 'nobody:x:65534:65534::/:/bin/false\n');
  root.write('/etc/group', 'kvm:x:36:nobody\nroot:x:0:root\n');
  // The child writes there as another user.
  fs.chmodSync(root.dir, 0o755);
  root.write('/out', '');
  fs.chmodSync(root.at('/out'), 0o666);
  return root;
}

const whenNodes = canUseNodes() ? test : test.skip;

const program = [join(import.meta.dirname, '../../../support/main.cjs')];

/** Starts the program, with `sh -c SCRIPT` as CMD, through `prefix`. */
function execShell(
  root: FakeRoot,
  script: string,
  { options = [], prefix = [], ...spawnOptions }: ShellOptions = {},
) {
  const [file = '', ...args] = [
    ...prefix,
    process.execPath,
    ...program,
    ...['exec', '--host-root', root.dir, ...options, '01:00.0', '--', 'sh', '-c', script],
  ];
  return spawnSync(file, args, { encoding: 'utf8', ...spawnOptions });
}

interface ShellOptions {
  readonly options?: readonly string[];
  readonly prefix?: readonly string[];
  readonly input?: string;
  readonly stdio?: ('ignore' | 'pipe' | number)[];
  readonly env?: NodeJS.ProcessEnv;
}

whenNodes('CMD of another user has a node that only root may open, and nothing of root', (t) => {
  const root = nullMachine(t);
  const script =
    'id -u; id -G; readlink /proc/$$/fd/3 /proc/$$/fd/4; echo "$VFIO_NAMES_FDS" "$@"; cat; exec 2>&-; : <"$0" || echo refused; exit 9';
  const args = ['exec', '--host-root', root.dir, '--iommu', '--user', 'nobody', '01:00.0', '--'];
  const node = root.at('/dev/vfio/devices/vfio0');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...program, ...args, 'sh', '-c', script, node, '{fd}', '$(id) ; `id`', '{iommufd}'],
    { encoding: 'utf8', input: 'from stdin\n' },
  );
  t.is(
    stdout,
    [
      '65534',
      '65534 36',
      node,
      root.at('/dev/iommu'),
      'pci/0000:01:00.0=3 iommu=4 3 $(id) ; `id` 4',
      'from stdin',
      '',
    ].join('\n'),
    stderr,
  );
  // The shell exits with 2 because the redirection fails: only root may open the node.
  t.is(status, 2);
});

whenNodes('CMD has nothing that we had open, however high its number, and no O_NONBLOCK', (t) => {
  const root = nullMachine(t);
  root.write('/secret', 'of root\n');
  const secret = fs.openSync(root.at('/secret'), 'r');
  t.teardown(() => fs.closeSync(secret));
  const gap = Array.from({ length: 47 }, () => 'ignore' as const);
  const { stdout, stderr } = execShell(root, 'ls /proc/$$/fd; grep flags /proc/$$/fdinfo/3', {
    stdio: ['ignore', 'pipe', 'pipe', ...gap, secret],
  });
  t.regex(stdout, /^0\n1\n2\n3\nflags:\s+0[0-3]*2\n$/, stderr);
});

whenNodes(
  'CMD has no capability, no blocked or ignored signal, and the limit of open files of before',
  (t) => {
    const root = nullMachine(t);
    const script = 'grep -E "^(Cap(Inh|Prm|Eff|Amb)|Sig(Blk|Ign))" /proc/self/status; ulimit -Sn';
    const prefix = ['prlimit', '--nofile=300:4000', 'sh', '-c', '"$@"; exit $?', 'sh'];
    const { stdout, stderr } = execShell(root, script, { options: ['--user', 'nobody'], prefix });
    t.regex(stdout, /^(?:\w+:\t0000000000000000\n){6}300\n$/, stderr);
  },
);

(canUseNodes() && isCheckoutReadable() ? test : test.skip)(
  'CMD keeps none of the ambient capabilities that exec needs to change the user',
  (t) => {
    const root = nullMachine(t);
    fs.chmodSync(root.at('/dev/vfio/devices/vfio0'), 0o666);
    const caps = '+setuid,+setgid';
    const prefix = ['setpriv', '--reuid=65533', '--regid=65533', '--clear-groups'];
    prefix.push(`--inh-caps=${caps}`, `--ambient-caps=${caps}`);
    const { stdout, stderr } = execShell(root, 'grep -E "^(Uid|Cap(Inh|Prm|Eff|Amb))" /proc/self/status', {
      options: ['--user', 'nobody'],
      prefix,
    });
    t.regex(stdout, /^Uid:(?:\t65534){4}\n(?:Cap\w+:\t0000000000000000\n){4}$/, stderr);
  },
);

whenNodes('CMD has securebits that keep capabilities, and yet no capability', (t) => {
  const root = nullMachine(t);
  const { stdout, stderr } = execShell(root, 'grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status', {
    options: ['--user', 'nobody'],
    prefix: ['setpriv', '--securebits', '+no_setuid_fixup'],
  });
  t.regex(stdout, /^(?:Cap\w+:\t0000000000000000\n){4}$/, stderr);
});

whenNodes(
  'CMD takes the place of exec: its process id, its signals and its exit status are those of CMD',
  async (t) => {
    const root = nullMachine(t);
    const words = [
      'exec',
      '--host-root',
      root.dir,
      '01:00.0',
      '--',
      'sh',
      '-c',
      'echo $$ $PPID; exec sleep 600',
    ];
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGINT'] as const) {
      const child = spawn(process.execPath, [...program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      t.is(String(line), `${child.pid} ${process.pid}\n`);
      child.kill(signal);
      t.deepEqual(await once(child, 'exit'), [null, signal]);
    }
    t.is(execShell(root, 'exit 7').status, 7);
    t.is(execShell(root, 'kill -9 $$').signal, 'SIGKILL');
  },
);

const newPidNamespace = ['--pid', '--fork', '--mount-proc'];
(canUseNodes() && canUnshare(...newPidNamespace) ? test : test.skip)(
  'CMD is PID 1 where exec was, and waits for what is left behind itself',
  (t) => {
    const root = nullMachine(t);
    // The command substitution ends when the orphan does; without anybody who waits for it, it would stay a zombie.
    const script =
      ': "$( (sh -c true &) )"; while grep -qs "^State:.Z" /proc/[0-9]*/status; do true; done; echo $$';
    const { stdout, stderr } = execShell(root, script, { prefix: ['unshare', ...newPidNamespace] });
    t.is(stdout, '1\n', stderr);
  },
);

whenNodes('CMD of another user cannot type into its terminal, and has job control', (t) => {
  const root = nullMachine(t);
  const script = [
    "perl -e '$c = qq(x); ioctl(STDIN, 0x5412, $c) or print qq(TIOCSTI: $!\\n); ioctl(STDIN, 0x541c, $c) or print qq(TIOCLINUX: $!\\n)'",
    // Its process group is the terminal's (proc_pid_stat(5), fields 5 and 8).
    'read -r _ _ _ _ group _ _ foreground _ </proc/$$/stat; test "$group" = "$foreground" && echo foreground',
  ].join('\n');
  const args = ['exec', '--host-root', root.dir, '--user', 'nobody', '01:00.0', '--', 'sh', '-c', script];
  const words = [process.execPath, ...program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const { stdout, stderr } = spawnSync('script', ['-qec', words.join(' '), '/dev/null'], {
    encoding: 'utf8',
  });
  t.is(
    stdout.replaceAll('\r', ''),
    'TIOCSTI: Operation not permitted\nTIOCLINUX: Operation not permitted\nforeground\n',
    stderr,
  );
});

whenNodes('exec exits with 127 for a missing program, and with 126 for one that cannot be executed', (t) => {
  const root = nullMachine(t);
  root.write('/text', 'echo no shell\n');
  fs.chmodSync(root.at('/text'), 0o755);
  root.write('/plain', '#!/bin/sh\n');
  const run = (command: string) =>
    spawnSync(process.execPath, [...program, 'exec', '--host-root', root.dir, '01:00.0', '--', command], {
      encoding: 'utf8',
    });
  for (const [command, status] of [
    ['no-such-program', 127],
    [root.at('/none'), 127],
    [root.at('/text'), 126],
    [root.at('/plain'), 126],
    [root.dir, 126],
  ] as const) {
    const found = run(command);
    t.is(found.status, status, command);
    t.regex(found.stderr, /^vfio-names: expected a program at [^\n]*\n$/);
    t.is(found.stdout, '');
  }
});

whenNodes(
  'exec --json prints a document if CMD cannot be executed, and keeps the status if stdout is full',
  (t) => {
    const root = nullMachine(t);
    const line = [...program, 'exec', '--json', '--host-root', root.dir, '01:00.0', '--', 'no-such-program'];
    const found = spawnSync(process.execPath, line, { encoding: 'utf8' });
    t.is(found.status, 127);
    const { error } = validJson<{ error: Record<string, unknown> }>(t, 'error', found.stdout);
    t.deepEqual(error, {
      code: 'ENOENT',
      message: 'expected a program at no-such-program, found none in PATH or at that path',
      hint: 'check the word after --, and the first line of a script',
      status: 127,
    });
    t.is(
      spawnSync(process.execPath, [...line.toSpliced(program.length + 1, 1, '--json', '--quiet')], {
        encoding: 'utf8',
      }).stdout,
      '',
    );
    const full = fs.openSync('/dev/full', 'w');
    const blocked = spawnSync(process.execPath, line, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    t.is(blocked.status, 127, blocked.stderr);
    t.is(blocked.stderr.split('\n').length, 3);
    t.regex(blocked.stderr, /could not write: standard output: .*ENOSPC/);
    const unknown = line.with(-3, 'vfio9');
    t.is(spawnSync(process.execPath, unknown, { stdio: ['ignore', full, 'pipe'] }).status, 3);
    fs.closeSync(full);
  },
);
