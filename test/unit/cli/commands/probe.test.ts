import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import test, { type ExecutionContext } from 'ava';
import { parseCommandLine } from '../../../../src/cli/args.ts';
import { run } from '../../../../src/cli/commands/probe.ts';
import { commands, commonOptions } from '../../../../src/cli/commands.ts';
import { VfioNamesError } from '../../../../src/errors.ts';
import type { ProbeRequest } from '../../../../src/probe/protocol.ts';
import { runProbe } from '../../../../src/probe/worker.ts';
import { startWorker } from '../../../../src/system/node/worker-process.ts';
import type { Reply, Worker } from '../../../../src/system/programs.ts';
import { runCli } from '../../../support/cli.ts';
import { errorLine } from '../../../support/error-line.ts';
import { type FakeNode, fakeCalls } from '../../../support/fake-calls.ts';
import { canUseNodes, type FakeRoot, fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { fakeContainer, fakeGroup, fakeIommu, fakeVfio } from '../../../support/fake-vfio.ts';
import { testSystem } from '../../../support/system.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../../src/cli/schemas/probe.json', import.meta.url), 'utf8'),
) as object;
const valid = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);

interface Machine {
  readonly root: FakeRoot;
  readonly nodes: Record<string, FakeNode>;
  readonly questions: string[];
  readonly requests: ProbeRequest[];
  limit: number;
  closed: boolean;
  answer: string;
  reply?: Reply;
  tty: boolean;
}

/** A machine with two unused devices, 04.0 and 05.0. */
function fakeMachine(t: ExecutionContext): Machine {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  root.add({ name: '0000:00:05.0', sysname: 'vfio1', group: '15', driver: 'vfio-pci' });
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.write('/sys/class/vfio/14/dev', '511:14\n');
  const nodes = {
    [root.at('/dev/vfio/devices/vfio0')]: fakeVfio(),
    [root.at('/dev/vfio/devices/vfio1')]: fakeVfio({ devnum: '247:1' }),
    [root.at('/dev/iommu')]: fakeIommu,
    [root.at('/dev/vfio/14')]: fakeGroup(),
    [root.at('/dev/vfio/vfio')]: fakeContainer(),
    device: fakeVfio({ bound: true }),
  };
  return { root, nodes, questions: [], requests: [], limit: 0, closed: false, answer: 'y', tty: false };
}

function peerOf(machine: Machine): Worker {
  return {
    request: async (request) => {
      const received = JSON.parse(JSON.stringify(request)) as ProbeRequest;
      machine.requests.push(received);
      if (machine.reply) return machine.reply;
      const attribute = received.devAttribute ?? '';
      const text = attribute === '' ? '' : fakeFiles.read(attribute);
      const answer = runProbe(fakeCalls(machine.nodes, { [attribute]: text }), received);
      return { kind: 'answer', value: JSON.parse(JSON.stringify(answer)) };
    },
    close: () => {
      machine.closed = true;
    },
  };
}

async function probe(machine: Machine, ...args: string[]) {
  let out = '';
  const err: string[] = [];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (line: string) => {
      err.push(line);
    },
    stdoutIsTty: false,
    stdinIsTty: machine.tty,
  };
  const parsed = parseCommandLine(
    ['probe', '--host-root', machine.root.dir, ...args],
    commands,
    commonOptions,
    {
      env: {},
      stdoutIsTty: false,
    },
  );
  if (parsed.kind !== 'run') throw new Error(parsed.kind);
  const system = testSystem({
    process: {
      ask: (question) => {
        machine.questions.push(question);
        return machine.answer;
      },
    },
    programs: {
      startWorker: (limit) => {
        machine.limit = limit;
        return peerOf(machine);
      },
    },
  });
  const status = await run(parsed.invocation, io, system);
  return { status, out, err };
}

/** Runs probe with --json; returns its document after validating it against the schema. */
async function document(t: ExecutionContext, machine: Machine, ...args: string[]) {
  const { status, out } = await probe(machine, '--json', ...args);
  const content = JSON.parse(out) as { probes: Record<string, unknown>[] };
  t.true(valid(content), JSON.stringify(valid.errors));
  return { status, probes: content.probes };
}

test('probe prints one line and exits with status 0 for a device that opens', async (t) => {
  const machine = fakeMachine(t);
  t.deepEqual(await probe(machine, '0000:00:04.0'), {
    status: 0,
    out: '0000:00:04.0: can be opened: /dev/vfio/devices/vfio0\n',
    err: [],
  });
  t.is(machine.limit, 5000);
  t.true(machine.closed);
});

test('probe reports a NAME that means no device on stderr, and the others on stdout', async (t) => {
  const machine = fakeMachine(t);
  t.deepEqual(await probe(machine, 'nosuch', '0000:00:04.0'), {
    status: 3,
    out: '0000:00:04.0: can be opened: /dev/vfio/devices/vfio0\n1 of 2 devices can be opened\n',
    err: [
      'vfio-names: expected a device bound to VFIO, found none called nosuch; vfio-names list shows the devices',
    ],
  });
});

test('probe --all probes every device', async (t) => {
  const machine = fakeMachine(t);
  const { status, probes } = await document(t, machine, '--all', '--timeout', '0.5');
  t.deepEqual(
    [status, machine.limit, probes.map(({ requested, name, openable }) => [requested, name, openable])],
    [
      0,
      500,
      [
        ['pci/0000:00:04.0', '0000:00:04.0', true],
        ['pci/0000:00:05.0', '0000:00:05.0', true],
      ],
    ],
  );
});

test('probe --bind prints the details of the device as text', async (t) => {
  const machine = fakeMachine(t);
  const { status, out, err } = await probe(machine, '--bind', '--attach', '--yes', '0000:00:04.0');
  t.is(status, 0);
  t.deepEqual(err, ['vfio-names: --bind claims and resets 0000:00:04.0']);
  t.deepEqual(out.split('\n'), [
    '0000:00:04.0: can be opened: /dev/vfio/devices/vfio0',
    '  flags reset pci; 3 regions, 2 irqs; attached to an I/O address space',
    '  REGION  NAME  SIZE    FLAGS                 CAPABILITIES',
    '  0       bar0  0x4000  read write mmap caps  sparse-mmap:0x1000+0x2000 msix-mappable',
    '  2       bar2  0x100   read write',
    '  IRQ  NAME  COUNT  FLAGS',
    '  0    intx  1      eventfd maskable automasked',
    '  1    msi   1      eventfd noresize',
    '',
  ]);
});

test('probe --bind --json prints the details of the device', async (t) => {
  const { status, probes } = await document(t, fakeMachine(t), '--bind', '--yes', '0000:00:04.0');
  const [first] = probes;
  t.deepEqual(
    [
      status,
      first?.['regionCount'],
      first?.['irqCount'],
      first?.['flags'],
      first?.['depth'],
      first?.['node'],
    ],
    [0, 3, 2, ['reset', 'pci'], 'bind', 'vfio0'],
  );
});

test('probe --group opens the device through its group', async (t) => {
  const { status, out } = await probe(fakeMachine(t), '--group', '--yes', '0000:00:04.0');
  t.is(status, 0);
  t.regex(out, /^0000:00:04\.0: can be opened: group 14\n/);
});

test('probe --bind asks for confirmation on a terminal, and continues after "y"', async (t) => {
  const machine = fakeMachine(t);
  machine.tty = true;
  t.is((await probe(machine, '--bind', '0000:00:04.0')).status, 0);
  t.deepEqual(machine.questions, ['--bind claims and resets 0000:00:04.0. Continue? [y/N] ']);
});

test('probe --group aborts without a request after any answer but yes', async (t) => {
  for (const answer of ['', 'n', 'maybe', 'yesterday']) {
    const machine = fakeMachine(t);
    machine.tty = true;
    machine.answer = answer;
    await t.throwsAsync(probe(machine, '--group', '0000:00:04.0'), {
      instanceOf: VfioNamesError,
      code: 'aborted',
    });
    t.deepEqual(machine.requests, []);
  }
});

test('probe --bind without --yes is a usage error without a terminal', async (t) => {
  const machine = fakeMachine(t);
  const error = await t.throwsAsync<VfioNamesError>(probe(machine, '--bind', '0000:00:04.0'), {
    code: 'usage',
  });
  t.is(error?.status, 2);
  t.deepEqual([machine.requests, machine.questions], [[], []]);
});

test('probe --bind does not bind a device that is in use, and reports its holders', async (t) => {
  const machine = fakeMachine(t);
  machine.root.write('/proc/4711/comm', 'qemu\n');
  machine.root.linkWithTarget('/proc/4711/fd/9', machine.root.at('/dev/vfio/devices/vfio0'));
  const { status, probes } = await document(t, machine, '--bind', '--yes', '0000:00:04.0');
  t.deepEqual(
    [status, probes[0]?.['step'], probes[0]?.['cause']],
    [1, 'holders', 'in use by pid 4711 (qemu) through the cdev'],
  );
  t.deepEqual(machine.requests, []);
  t.is((await probe(machine, '0000:00:04.0')).status, 0);
});

test('probe --bind explains a failed call', async (t) => {
  const machine = fakeMachine(t);
  machine.nodes[machine.root.at('/dev/vfio/devices/vfio0')] = fakeVfio({ bind: 'EAGAIN' });
  const { status, probes } = await document(t, machine, '--bind', '--yes', '0000:00:04.0');
  t.deepEqual(
    [status, probes[0]?.['step'], probes[0]?.['errno'], probes[0]?.['cause'], probes[0]?.['remedy']],
    [1, 'VFIO_DEVICE_BIND_IOMMUFD', 'EAGAIN', 'the device is busy with a reset', 'try again'],
  );
});

test('probe continues after a failed device, and exits with the most severe status', async (t) => {
  const machine = fakeMachine(t);
  machine.nodes[machine.root.at('/dev/vfio/devices/vfio0')] = {
    devnum: '247:0',
    openError: 'EPERM',
  };
  const { status, probes } = await document(t, machine, 'vfio0', '0000:7f:00.0', 'vfio1');
  t.deepEqual([status, probes.map((entry) => entry['status'])], [3, [4, 3, 0]]);
  t.is(probes[1]?.['step'], 'find');
});

test('probe reports the step at which a device did not answer', async (t) => {
  const machine = fakeMachine(t);
  machine.reply = { kind: 'timeout', step: 'open node' };
  const { status, out } = await probe(machine, '--timeout', '2', '0000:00:04.0');
  t.is(status, 1);
  t.regex(out, /cannot be opened: did not answer within 2 s at open node; /);
});

test('probe reports that the second process was killed', async (t) => {
  const machine = fakeMachine(t);
  machine.reply = { kind: 'failed', message: 'it ended with SIGSEGV' };
  const { status, probes } = await document(t, machine, '0000:00:04.0');
  t.is(status, 1);
  t.regex(String(probes[0]?.['cause']), /it ended with SIGSEGV/);
});

test('probe without koffi fails with an error, and closes the peer', async (t) => {
  const machine = fakeMachine(t);
  machine.reply = { kind: 'answer', value: { refused: 'no-koffi', message: 'no koffi', hint: 'install it' } };
  const error = await t.throwsAsync<VfioNamesError>(probe(machine, '0000:00:04.0'), { code: 'no-koffi' });
  t.deepEqual([error?.status as number, errorLine(error), machine.closed], [5, 'no koffi; install it', true]);
});

test('probe exits with status 5 and suggests --group on a kernel without device nodes', async (t) => {
  const machine = fakeMachine(t);
  machine.root.add({ name: '0000:00:06.0', sysname: 'vfio2', devnum: false });
  const { status, probes } = await document(t, machine, '0000:00:06.0');
  t.is(status, 5);
  t.regex(String(probes[0]?.['remedy']), /--group/);
});

test('probe --all exits with status 3 if no device is bound', async (t) => {
  const { status, err } = await runCli(['probe', '--all', '--host-root', fakeRoot(t).dir]);
  t.is(status, 3);
  t.regex(err.join(), /expected devices bound to VFIO, found none/);
});

const usageErrors: readonly [args: string[], message: RegExp][] = [
  [[], /expected NAME\.\.\. or --all, found neither/],
  [['--all', 'vfio0'], /found both/],
  [['--bind', '--group', 'vfio0'], /expected --bind or --group, found both/],
  [['--attach', 'vfio0'], /expected --bind with --attach/],
  [['--group', '--attach', 'vfio0'], /expected --bind with --attach/],
  [['--vf-token', 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3', 'vfio0'], /with --vf-token, found neither/],
  [['--bind', '--vf-token', 'x', 'vfio0'], /expected a UUID after --vf-token, found x/],
  [['--timeout', '0', 'vfio0'], /expected seconds after --timeout, found 0/],
  [['--timeout', '1e9', 'vfio0'], /expected seconds/],
  [['--timeout', '3601', 'vfio0'], /expected seconds/],
];
for (const [args, message] of usageErrors)
  test(`usage error: probe ${args.join(' ')}`, async (t) => {
    const { status, out, err } = await runCli(['probe', '--host-root', fakeRoot(t).dir, ...args]);
    t.deepEqual([status as number, out, err.length], [2, '', 1]);
    t.regex(err.join(), message);
  });

test('probe throws an error for an ambiguous name', async (t) => {
  const machine = fakeMachine(t);
  machine.root.add({
    bus: 'platform',
    name: '0000:00:04.0',
    parent: '/sys/devices/platform',
    sysname: 'vfio3',
  });
  await t.throwsAsync(probe(machine, '0000:00:04.0'), { code: 'ambiguous' });
});

test('probe --vf-token passes the token to the second process', async (t) => {
  const machine = fakeMachine(t);
  const token = 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3';
  await probe(machine, '--bind', '--yes', '--vf-token', token, 'vfio0');
  t.is(machine.requests[0]?.token, token);
});

test('probe with the real second process rejects a node that is not a VFIO device', async (t) => {
  const root = fakeRoot(t);
  // Debian 13 mounts /tmp with nodev: even root cannot open a node there.
  const isNode = canUseNodes();
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', devnum: '1:3', emptyNode: !isNode });
  const command = {
    file: process.execPath,
    args: [resolve(import.meta.dirname, '../../../support/probe-worker.cjs')],
  };
  const { status, out } = await runCli(['probe', '--host-root', root.dir, 'vfio0'], {
    programs: { startWorker: (stepLimit) => startWorker(command, stepLimit) },
  });
  t.is(status, 1);
  t.regex(out, isNode ? /is not a VFIO device/ : /is a file, and sysfs says 1:3/);
});

for (const value of [undefined, null, 1, 'openable', [], {}])
  test(`probe reports an answer that is ${JSON.stringify(value)} as a lost process`, async (t) => {
    const machine = fakeMachine(t);
    machine.reply = { kind: 'answer', value };
    const { status, probes } = await document(t, machine, 'vfio0');
    t.is(status, 1);
    t.like(probes[0], {
      openable: false,
      step: 'second process',
      cause: 'the process that made the calls was lost: it gave an answer of another kind',
    });
  });

test('probe NAME+group probes every device of the group that is bound to a VFIO driver, and names them before it resets them', async (t) => {
  const machine = fakeMachine(t);
  const { root, nodes } = machine;
  root.add({ name: '0000:00:04.1', sysname: 'vfio2', group: '14', driver: 'vfio-pci' });
  nodes[root.at('/dev/vfio/devices/vfio2')] = fakeVfio({ devnum: '247:2' });
  for (const name of ['00:04.0+group', 'group:14', '/dev/vfio/14']) {
    const { status, out, err } = await probe(machine, name);
    t.is(status, 0);
    t.deepEqual(err, []);
    t.regex(
      out,
      /^0000:00:04\.0: can be opened: .*\n0000:00:04\.1: can be opened: .*\n2 of 2 devices can be opened\n$/,
    );
  }
  const bound = await probe(machine, '00:04.0+group', '--bind', '--yes');
  t.is(bound.status, 0);
  t.deepEqual(bound.err, ['vfio-names: --bind claims and resets pci/0000:00:04.0, pci/0000:00:04.1']);
});

test('probe NAME+group exits with status 1 and names what keeps the group closed', async (t) => {
  const machine = fakeMachine(t);
  machine.root.add({ name: '0000:00:04.1', group: '14', driver: 'nvme' });
  const { status, out, err } = await probe(machine, '00:04.0+group');
  t.is(status, 1);
  t.regex(out, /^0000:00:04\.0: can be opened: /);
  t.regex(err.join(), /^vfio-names: IOMMU group 14 is not viable: 0000:00:04\.1 \(nvme\)/);
  t.is((await probe(machine, '00:04.0')).status, 0);
});

test('probe --group works on a kernel before 6.1, where probe alone advises it', async (t) => {
  const machine = fakeMachine(t);
  machine.root.withoutVfioClass();
  const { status, out } = await probe(machine, '0000:00:04.0', '--group', '--yes');
  t.is(status, 0);
  t.regex(out, /^0000:00:04\.0: can be opened: group 14\n/);
  const alone = await probe(machine, '0000:00:04.0');
  t.is(alone.status, 5);
  t.regex(alone.out, /probe it with --group/);
  machine.root.replaceLink('/sys/devices/pci0000:00/0000:00:04.0/driver', '/sys/bus/pci/drivers/nvme');
  t.is((await probe(machine, '0000:00:04.0', '--group', '--yes')).status, 3);
});
