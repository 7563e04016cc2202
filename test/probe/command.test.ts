import { readFileSync } from 'node:fs';
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import test, { type ExecutionContext } from 'ava';
import { probeWith } from '../../src/cli/commands/probe.ts';
import { commands, commonOptions } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { VfioNamesError } from '../../src/errors.ts';
import type { ProbeRequest } from '../../src/probe/request.ts';
import { runProbe } from '../../src/probe/run.ts';
import type { Peer, Reply } from '../../src/system/peer.ts';
import { runCli } from '../helpers/cli.ts';
import { type FakeNode, fakeCalls } from '../helpers/fake-calls.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { fakeContainer, fakeGroup, fakeIommu, fakeVfio } from '../helpers/fake-vfio.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../src/cli/schemas/probe.json', import.meta.url), 'utf8'),
) as object;
const valid = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);

interface World {
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

/** Devices 04.0 and 05.0, free. */
function world(t: ExecutionContext): World {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  root.add({ name: '0000:00:05.0', sysname: 'vfio1', group: '15', driver: 'vfio-pci' });
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

function peerOf(w: World): Peer {
  return {
    ask: async (request) => {
      const asked = JSON.parse(JSON.stringify(request)) as ProbeRequest;
      w.requests.push(asked);
      if (w.reply) return w.reply;
      const attribute = asked.devAttribute ?? '';
      const text = attribute === '' ? '' : fakeFiles.read(attribute);
      const answer = runProbe(fakeCalls(w.nodes, { [attribute]: text }), asked);
      return { kind: 'answer', value: JSON.parse(JSON.stringify(answer)) };
    },
    close: () => {
      w.closed = true;
    },
  };
}

async function probe(w: World, ...words: string[]) {
  let out = '';
  const err: string[] = [];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (line: string) => {
      err.push(line);
    },
    env: {},
    stdoutIsTty: false,
    stdinIsTty: w.tty,
    files: fakeFiles,
  };
  const parsed = parseCommandLine(['probe', '--root', w.root.dir, ...words], commands, commonOptions, io);
  if (parsed.kind !== 'run') throw new Error(parsed.kind);
  const status = await probeWith(
    {
      peer: (limit) => {
        w.limit = limit;
        return peerOf(w);
      },
      ask: (question) => {
        w.questions.push(question);
        return w.answer;
      },
    },
    parsed.invocation,
    io,
  );
  return { status: status as number, out, err };
}

/** The document, valid by the schema. */
async function document(t: ExecutionContext, w: World, ...words: string[]) {
  const { status, out } = await probe(w, '--json', ...words);
  const content = JSON.parse(out) as { probes: Record<string, unknown>[] };
  t.true(valid(content), JSON.stringify(valid.errors));
  return { status, probes: content.probes };
}

test('a device that opens is one line and status 0', async (t) => {
  const w = world(t);
  t.deepEqual(await probe(w, '0000:00:04.0'), {
    status: 0,
    out: '0000:00:04.0: openable: /dev/vfio/devices/vfio0\n',
    err: [],
  });
  t.is(w.limit, 5000);
  t.true(w.closed);
});

test('all devices are probed one after the other', async (t) => {
  const w = world(t);
  const { status, probes } = await document(t, w, '--all', '--timeout', '0.5');
  t.deepEqual(
    [status, w.limit, probes.map(({ asked, name, openable }) => [asked, name, openable])],
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

test('--bind says what the device has, to people', async (t) => {
  const w = world(t);
  const { status, out, err } = await probe(w, '--bind', '--attach', '--yes', '0000:00:04.0');
  t.is(status, 0);
  t.deepEqual(err, ['vfio-names: --bind takes and resets 0000:00:04.0']);
  t.deepEqual(out.split('\n'), [
    '0000:00:04.0: openable: /dev/vfio/devices/vfio0',
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

test('--bind says what the device has, to programs', async (t) => {
  const { status, probes } = await document(t, world(t), '--bind', '--yes', '0000:00:04.0');
  const [first] = probes;
  t.deepEqual(
    [status, first?.['numRegions'], first?.['numIrqs'], first?.['flags'], first?.['depth'], first?.['node']],
    [0, 3, 2, ['reset', 'pci'], 'bind', 'vfio0'],
  );
});

test('--group goes through the group', async (t) => {
  const { status, out } = await probe(world(t), '--group', '--yes', '0000:00:04.0');
  t.is(status, 0);
  t.regex(out, /^0000:00:04\.0: openable: group 14\n/);
});

test('on a terminal --bind asks first, and goes on with a yes', async (t) => {
  const w = world(t);
  w.tty = true;
  t.is((await probe(w, '--bind', '0000:00:04.0')).status, 0);
  t.deepEqual(w.questions, ['--bind takes and resets 0000:00:04.0. Go on? [y/N] ']);
});

test('any other answer is a no, and nothing is touched', async (t) => {
  for (const answer of ['', 'n', 'maybe', 'yesterday']) {
    const w = world(t);
    w.tty = true;
    w.answer = answer;
    await t.throwsAsync(probe(w, '--group', '0000:00:04.0'), {
      instanceOf: VfioNamesError,
      code: 'declined',
    });
    t.deepEqual(w.requests, []);
  }
});

test('without a terminal and without --yes it is refused', async (t) => {
  const w = world(t);
  const error = await t.throwsAsync<VfioNamesError>(probe(w, '--bind', '0000:00:04.0'), { code: 'usage' });
  t.is(error?.exitCode, 2);
  t.deepEqual([w.requests, w.questions], [[], []]);
});

test('a device that somebody has is not bound, and they are named', async (t) => {
  const w = world(t);
  w.root.write('/proc/4711/comm', 'qemu\n');
  w.root.linkText('/proc/4711/fd/9', w.root.at('/dev/vfio/devices/vfio0'));
  const { status, probes } = await document(t, w, '--bind', '--yes', '0000:00:04.0');
  t.deepEqual(
    [status, probes[0]?.['step'], probes[0]?.['cause']],
    [1, 'holders', 'in use by pid 4711 (qemu) through the cdev'],
  );
  t.deepEqual(w.requests, []);
  t.is((await probe(w, '0000:00:04.0')).status, 0);
});

test('a failed call is explained', async (t) => {
  const w = world(t);
  w.nodes[w.root.at('/dev/vfio/devices/vfio0')] = fakeVfio({ bind: 'EAGAIN' });
  const { status, probes } = await document(t, w, '--bind', '--yes', '0000:00:04.0');
  t.deepEqual(
    [status, probes[0]?.['step'], probes[0]?.['errno'], probes[0]?.['cause'], probes[0]?.['remedy']],
    [1, 'VFIO_DEVICE_BIND_IOMMUFD', 'EAGAIN', 'the device is busy with a reset', 'try again'],
  );
});

test('several devices: the others are probed, and the worst status counts', async (t) => {
  const w = world(t);
  w.nodes[w.root.at('/dev/vfio/devices/vfio0')] = { refuses: 'EPERM' };
  const { status, probes } = await document(t, w, 'vfio0', '0000:7f:00.0', 'vfio1');
  t.deepEqual([status, probes.map((one) => one['status'])], [3, [4, 3, 0]]);
  t.is(probes[1]?.['step'], 'find');
});

test('a device that does not answer is told with its step', async (t) => {
  const w = world(t);
  w.reply = { kind: 'silent', step: 'open node' };
  const { status, out } = await probe(w, '--timeout', '2', '0000:00:04.0');
  t.is(status, 1);
  t.regex(out, /not openable: did not answer within 2 s at open node; /);
});

test('a second process that was lost is told', async (t) => {
  const w = world(t);
  w.reply = { kind: 'broken', message: 'it ended with SIGSEGV' };
  const { status, probes } = await document(t, w, '0000:00:04.0');
  t.is(status, 1);
  t.regex(String(probes[0]?.['cause']), /it ended with SIGSEGV/);
});

test('without koffi the command ends with one error, and closes the peer', async (t) => {
  const w = world(t);
  w.reply = { kind: 'answer', value: { refused: 'no-koffi', message: 'install koffi' } };
  const error = await t.throwsAsync<VfioNamesError>(probe(w, '0000:00:04.0'), { code: 'no-koffi' });
  t.deepEqual([error?.exitCode as number, error?.message, w.closed], [5, 'install koffi', true]);
});

test('a kernel without nodes is status 5, and --group is advised', async (t) => {
  const w = world(t);
  w.root.add({ name: '0000:00:06.0', sysname: 'vfio2', devnum: false });
  const { status, probes } = await document(t, w, '0000:00:06.0');
  t.is(status, 5);
  t.regex(String(probes[0]?.['remedy']), /--group/);
});

test('no device at all is status 3 with --all', async (t) => {
  const { status, err } = await runCli(['probe', '--all', '--root', fakeRoot(t).dir]);
  t.is(status, 3);
  t.regex(err.join(), /expected devices bound to VFIO, found none/);
});

const wrong: readonly [words: string[], message: RegExp][] = [
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
for (const [words, message] of wrong)
  test(`probe ${words.join(' ')} is refused with one line`, async (t) => {
    const { status, out, err } = await runCli(['probe', '--root', fakeRoot(t).dir, ...words]);
    t.deepEqual([status as number, out, err.length], [2, '', 1]);
    t.regex(err.join(), message);
  });

test('a name that fits several devices is a usage error, not a finding', async (t) => {
  const w = world(t);
  w.root.add({ bus: 'platform', name: '0000:00:04.0', above: '/sys/devices/platform', sysname: 'vfio3' });
  await t.throwsAsync(probe(w, '0000:00:04.0'), { code: 'ambiguous' });
});

test('the token goes along', async (t) => {
  const w = world(t);
  const token = 'bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3';
  await probe(w, '--bind', '--yes', '--vf-token', token, 'vfio0');
  t.is(w.requests[0]?.token, token);
});

test('with the true second process: what is there is no VFIO device, and that is seen', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', devnum: '1:3' });
  const { status, out } = await runCli(['probe', '--root', root.dir, 'vfio0']);
  t.is(status, 1);
  // Who may not make char nodes has a file there.
  t.regex(out, /is no VFIO device|is file, and sysfs says 1:3/);
});
