import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseCommandLine } from '../../../../src/cli/args.ts';
import type { Io } from '../../../../src/cli/command.ts';
import { run as runExec } from '../../../../src/cli/commands/exec.ts';
import { commands, commonOptions } from '../../../../src/cli/commands.ts';
import type { SignalHandlers } from '../../../../src/system/process.ts';
import type { Child, ChildExit, ChildRequest } from '../../../../src/system/programs.ts';
import { runCli } from '../../../support/cli.ts';
import { errorLine } from '../../../support/error-line.ts';
import { type FakeCalls, fakeCalls } from '../../../support/fake-calls.ts';
import { canUseNodes, type FakeRoot, fakeRoot } from '../../../support/fake-root.ts';
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
test(rejectsLine, 'exec vfio0 --iomu -- prog', /found --iomu; did you mean --iommu\?/);
test(rejectsLine, 'exec vfio0 --user -- prog --iomu', /expected USER after --user, found another option/);

interface Trial {
  readonly root: FakeRoot;
  readonly calls: FakeCalls;
  readonly log: string[];
  readonly err: string[];
  readonly requests: ChildRequest[];
  /** Returns the signal handlers while the child runs. */
  readonly handlers: () => SignalHandlers | undefined;
  readonly run: (line: string) => Promise<number>;
}

/** Two devices and /dev/iommu; the child is a fake that ends with `ending`. */
function trial(
  t: ExecutionContext,
  exit: Promise<ChildExit> = Promise.resolve({ kind: 'ended', status: 0 }),
): Trial {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0' });
  root.add({ name: '0000:02:00.0', sysname: 'vfio1' });
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.write('/etc/passwd', 'qemu:x:107:108::/:/bin/false\n');
  const calls = fakeCalls({
    [root.at('/dev/vfio/devices/vfio0')]: { devnum: '247:0' },
    [root.at('/dev/vfio/devices/vfio1')]: { devnum: '247:1' },
    [root.at('/dev/iommu')]: { devnum: '10:125' },
  });
  const log: string[] = [];
  const err: string[] = [];
  const requests: ChildRequest[] = [];
  let foreground = false;
  let handlers: SignalHandlers | undefined;
  const system = testSystem({
    nodes: calls,
    process: {
      env: { PATH: '/bin', LISTEN_FDS: '1', LISTEN_PID: '7', LISTEN_FDNAMES: 'x' },
      credentials: async () => ({
        setGroups: () => log.push(`groups with ${calls.openCount()} open`),
        setGid: () => {},
        setUid: () => {},
        now: () => ({ uids: [107], gids: [108], groups: [108] }),
      }),
      inheritedFds: () => {
        log.push('list inherited descriptors');
        return [50];
      },
      isForeground: () => {
        foreground = !foreground;
        return !foreground;
      },
      handleSignals: (newHandlers) => {
        handlers = newHandlers;
        return () => {
          handlers = undefined;
        };
      },
    },
    programs: {
      start: (request): Child => {
        requests.push(request);
        log.push(`start with ${calls.openCount()} open`);
        return { exit, signal: (name) => log.push(name) };
      },
    },
  });
  const io: Io = {
    out: () => t.fail('exec prints nothing itself'),
    err: (line) => err.push(line),
    stdoutIsTty: false,
    stdinIsTty: false,
  };
  const run = async (line: string): Promise<number> =>
    runExec(parse(`exec --root ${root.dir} ${line}`.split(' ')), io, system);
  return { root, calls, log, err, requests, handlers: () => handlers, run };
}

test('exec passes the devices in the order of the NAMEs, then /dev/iommu, and closes its own descriptors', async (t) => {
  const { run, requests, calls, log } = trial(t);
  t.is(await run('--iommu vfio1 01:00.0 -- prog {fd:vfio1} {fd:01:00.0} {fd:pci/0000:01:00.0} {iommufd}'), 0);
  t.like(requests[0], { command: 'prog', args: ['3', '4', '4', '5'] });
  t.deepEqual(requests[0]?.env, {
    PATH: '/bin',
    VFIO_NAMES_FDS: 'pci/0000:02:00.0=3 pci/0000:01:00.0=4 iommu=5',
  });
  t.is(requests[0]?.fds.length, 3);
  t.deepEqual(calls.log, ['open node', 'open node', 'open iommu', 'close', 'close', 'close']);
  t.is(calls.openCount(), 0);
  t.deepEqual(log, ['list inherited descriptors', 'start with 3 open']);
  t.deepEqual(requests[0]?.inherited, [50]);
});

test('exec opens a device only once if it is named twice', async (t) => {
  const { run, requests } = trial(t);
  await run('vfio0 0000:01:00.0 -- prog {fd} {fd:vfio0} {fd:0000:01:00.0}');
  t.like(requests[0], { args: ['3', '3', '3'] });
  t.is(requests[0]?.fds.length, 1);
});

test('exec --user drops privileges after the last open and before CMD starts', async (t) => {
  const { run, log } = trial(t);
  t.is(await run('--user qemu --iommu vfio0 -- prog'), 0);
  t.deepEqual(log, ['list inherited descriptors', 'groups with 2 open', 'start with 2 open']);
});

for (const [line, code] of [
  ['vfio9 -- prog', 'no-device'],
  ['vfio0 vfio1 -- prog {fd}', 'usage'],
  ['vfio0 -- prog {iommufd}', 'usage'],
  ['vfio0 --user nobody -- prog', 'no-user'],
] as const)
  test(`exec opens and starts nothing for "${line}"`, async (t) => {
    const { run, calls, requests } = trial(t);
    await t.throwsAsync(run(line), { code });
    t.deepEqual(calls.log, []);
    t.is(requests.length, 0);
  });

test('exec closes all descriptors and does not start CMD if a node cannot be opened', async (t) => {
  const { run, calls, requests, root } = trial(t);
  root.write('/sys/class/misc/iommu/dev', '10:1\n');
  await t.throwsAsync(run('vfio0 vfio1 --iommu -- prog'), { code: 'node-mismatch' });
  t.is(calls.openCount(), 0);
  t.is(requests.length, 0);
});

test('exec forwards SIGTERM and SIGHUP, and SIGINT only if the terminal does not send it to the child', async (t) => {
  let end = (_: ChildExit): void => {};
  const { run, handlers, log } = trial(
    t,
    new Promise((resolve) => {
      end = resolve;
    }),
  );
  const status = run('vfio0 -- prog');
  for (let turns = 0; handlers() === undefined && turns < 100; turns++) await null;
  handlers()?.SIGTERM();
  handlers()?.SIGHUP();
  handlers()?.SIGINT();
  handlers()?.SIGINT();
  end({ kind: 'ended', status: 143 });
  t.is(await status, 143);
  t.deepEqual(log.slice(2), ['SIGTERM', 'SIGHUP', 'SIGINT']);
  t.is(handlers(), undefined, 'the handlers are removed');
});

for (const [errno, status, pattern] of [
  ['ENOENT', 127, /^vfio-names: expected a program at pr\\x1bog, found none/],
  ['EACCES', 126, /could not run it: EACCES$/],
] as const)
  test(`exec exits with status ${status}, as a shell does, if CMD fails to start with ${errno}`, async (t) => {
    const { run, err } = trial(t, Promise.resolve({ kind: 'not-started', errno }));
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
    const result = await runCli(['exec', '--root', root.dir, name, '--', 'prog']);
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

whenNodes('a real child of another user has a node that only root may open, and nothing of root', (t) => {
  const root = nullMachine(t);
  const script =
    'id -u; id -G; readlink /proc/$$/fd/3 /proc/$$/fd/4; echo "$VFIO_NAMES_FDS" "$@"; cat; exec 2>&-; : <"$0" || echo refused; exit 9';
  const args = ['exec', '--root', root.dir, '--iommu', '--user', 'nobody', '01:00.0', '--'];
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

whenNodes('a real child of another user has nothing that root had open, however high its number', (t) => {
  const root = nullMachine(t);
  root.write('/secret', 'of root\n');
  fs.chmodSync(root.at('/secret'), 0o600);
  const secret = fs.openSync(root.at('/secret'), 'r');
  t.teardown(() => fs.closeSync(secret));
  const args = ['exec', '--root', root.dir, '--user', 'nobody', '01:00.0', '--', 'ls', '-l', '/proc/self/fd'];
  const gap = Array.from({ length: 47 }, () => 'ignore' as const);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', ...gap, secret],
  });
  t.is(status, 0, stderr);
  t.regex(stdout, / 3 -> .*vfio0\n/);
  t.false(stdout.includes('secret'), stdout);
  t.regex(stdout, / 50 -> \/dev\/null\n/);
});

whenNodes('a signal to the real program ends its child, and is its status', async (t) => {
  const root = nullMachine(t);
  const words = ['exec', '--root', root.dir, '01:00.0', '--', 'sh', '-c', 'echo $$; exec sleep 600'];
  const parent = spawn(process.execPath, [...program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  t.teardown(() => {
    try {
      process.kill(Number(String(pid)), 'SIGKILL');
    } catch {
      // The child has already ended, as expected.
    }
  });
  parent.kill('SIGTERM');
  const [code] = await once(parent, 'exit');
  t.is(code, 143);
  t.throws(() => process.kill(Number(String(pid)), 0), { code: 'ESRCH' });
});
