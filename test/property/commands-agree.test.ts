/** plan, sync, verify, list, show and doctor say the same of one machine. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { runCli } from '../support/cli.ts';
import { FakeRoot, fakeFiles } from '../support/fake-root.ts';

const nodeOf = (number: number): string => `/dev/vfio/devices/vfio${number}`;
const linkOf = (number: number): string => `/dev/vfio/pci/0000:0${number + 1}:00.0`;

/** What can be wrong with a machine of three devices whose links are correct. */
const damages: Readonly<Record<string, (root: FakeRoot) => void>> = {
  'a link is missing': (root) => fs.rmSync(root.at(linkOf(0))),
  'a link leads to another device': (root) => root.linkWithTarget(linkOf(0), '../devices/vfio1'),
  'a link leads to no device': (root) => root.linkWithTarget(linkOf(1), '../devices/vfio9'),
  'a file is in place of a link': (root) => {
    fs.rmSync(root.at(linkOf(1)));
    root.write(linkOf(1), '');
  },
  'a link that is not ours is in place of a link': (root) => root.linkWithTarget(linkOf(2), '/dev/null'),
  'an alias is missing': (root) => fs.rmSync(root.at('/dev/vfio/by-own/vfio0'), { force: true }),
  'a link has no device': (root) => root.linkWithTarget('/dev/vfio/later/x', '../devices/vfio8'),
  'a link has no claim': (root) => root.linkWithTarget('/dev/vfio/by-x/y/z', '../../devices/vfio2'),
  'a link of another rule exists': (root) => {
    root.linkWithTarget('/dev/vfio/by-id/mine', '../devices/vfio2');
    root.write('/run/udev/data/c247:2', 'S:vfio/by-id/mine\n');
  },
  'an empty directory exists': (root) =>
    fs.mkdirSync(root.at('/dev/vfio/by-admin/keep'), { recursive: true }),
  'a node is missing': (root) => fs.rmSync(root.at(nodeOf(2)), { force: true }),
  'a node is a file': (root) => {
    fs.rmSync(root.at(nodeOf(1)), { force: true });
    root.write(nodeOf(1), '');
  },
  'a node is that of another device': (root) => root.node(nodeOf(0), '1:3'),
  'a node has another mode': (root) => {
    if (fs.existsSync(root.at(nodeOf(2)))) fs.chmodSync(root.at(nodeOf(2)), 0o600);
  },
  'a device cannot be read': (root) =>
    root.linkWithTarget('/sys/class/vfio-dev/vfio7', '../../devices/../vfio-dev/vfio7'),
  'a device has no usable name': (root) => void root.add({ bus: 'platform', name: ' ..', sysname: 'vfio5' }),
  'two devices claim one name': (root) =>
    root.write('/etc/vfio-names/20.toml', '[[link]]\nname = "by-one/all"\n'),
  'an account of the policy is missing': (root) =>
    root.write(
      '/etc/vfio-names/30.toml',
      '[[access]]\nmatch = { name = "0000:01:00.0" }\ngroup = "nobody-here"\n',
    ),
};

interface Finding {
  readonly code: string;
  readonly file: string;
  readonly bus?: string;
  readonly name?: string;
  readonly fixable: boolean;
}

interface Documents {
  readonly plan: {
    readonly changed: boolean;
    readonly changes: readonly { readonly action: string; readonly link?: string }[];
    readonly access: readonly { readonly file: string; readonly to?: string }[];
    readonly conflicts: readonly { readonly link: string; readonly losers: readonly string[] }[];
    readonly skipped: readonly { readonly name: string; readonly reason: string }[];
    readonly problems: readonly unknown[];
  };
  readonly verify: { readonly findings: readonly Finding[] };
  readonly list: {
    readonly devices: readonly { readonly bus: string; readonly name: string; readonly state: string }[];
  };
  readonly doctor: { readonly checks: readonly { readonly check: string; readonly severity: string }[] };
}

interface Said {
  readonly status: Readonly<Record<string, number>>;
  readonly said: Documents;
}

async function ask(root: FakeRoot): Promise<Said> {
  const status: Record<string, number> = {};
  const said: Record<string, unknown> = {};
  for (const command of ['plan', 'verify', 'list', 'doctor']) {
    const result = await runCli([command, '--json', '--host-root', root.dir], { files: fakeFiles });
    status[command] = result.status;
    said[command] = JSON.parse(result.out);
  }
  return { status, said: said as unknown as Documents };
}

function problemsOf({ status, said }: Said): string[] {
  const { plan, verify, list } = said;
  const wrong: string[] = [];
  const expect = (what: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b))
      wrong.push(`${what}: ${JSON.stringify(a)} ${JSON.stringify(b)}`);
  };
  const changed = plan.changes.flatMap(({ action, link }) => (action === 'blocked' ? [] : (link ?? [])));
  const blocked = plan.changes.flatMap(({ action, link }) => (action === 'blocked' ? (link ?? []) : []));
  const given = plan.access.flatMap(({ file, to }) => (to === undefined ? [] : [file]));
  const files = (select: (finding: Finding) => boolean): string[] =>
    verify.findings.filter(select).map(({ file }) => file);
  expect('fixable', [...changed, ...given].sort(), files(({ fixable }) => fixable).sort());
  expect('blocked', blocked.sort(), files(({ code }) => /^link-(blocked|unmanaged)$/.test(code)).sort());
  expect(
    'impossible',
    plan.access.length - given.length,
    files(({ code }) => code === 'access-impossible').length,
  );
  expect(
    'conflicts',
    plan.conflicts.flatMap(({ link, losers }) => losers.map(() => link)).sort(),
    files(({ code }) => code === 'name-conflict').sort(),
  );
  expect(
    'skipped',
    plan.skipped.map(({ name, reason }) => `${reason} ${name}`).sort(),
    verify.findings
      .flatMap(({ code, name }) => (['node-missing', 'no-name'].includes(code) ? [`${code} ${name}`] : []))
      .sort(),
  );
  expect('unreadable', plan.problems.length, files(({ code }) => code === 'device-unreadable').length);
  const isPending = changed.length > 0 || given.length > 0;
  const isBlocked =
    blocked.length > 0 ||
    plan.access.length > given.length ||
    [plan.conflicts, plan.skipped, plan.problems].some(({ length }) => length > 0);
  expect('status of plan', status['plan'], isBlocked ? 1 : isPending ? 6 : 0);
  expect('changed', plan.changed, isPending);
  expect('status of verify', status['verify'], verify.findings.length > 0 ? 1 : 0);
  for (const { bus, name, state } of list.devices) {
    const isFine = !verify.findings.some((finding) => finding.bus === bus && finding.name === name);
    expect(`state ${state} of ${name}`, state === 'ok', isFine);
  }
  const names = said.doctor.checks.find(({ check }) => check === 'names');
  expect('doctor', names?.severity === 'ok', verify.findings.length === 0);
  return wrong;
}

async function check(wanted: readonly string[]): Promise<string[]> {
  const root = new FakeRoot(fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-')));
  try {
    for (const number of [0, 1, 2])
      root.add({ name: `0000:0${number + 1}:00.0`, sysname: `vfio${number}`, driver: 'vfio-pci' });
    root.write('/etc/vfio-names/10.toml', '[[access]]\nmode = "0640"\n[[link]]\nname = "by-own/{{node}}"\n');
    const sync = async () =>
      (await runCli(['sync', '--json', '--host-root', root.dir], { files: fakeFiles })).status;
    const wrong: string[] = [];
    if ((await sync()) !== 0) wrong.push('the first sync has a status');
    for (const name of wanted) damages[name]?.(root);
    const before = await ask(root);
    wrong.push(...problemsOf(before));
    const status = await sync();
    const after = await ask(root);
    wrong.push(...problemsOf(after).map((line) => `after sync: ${line}`));
    const fixable = after.said.verify.findings.filter((finding) => finding.fixable);
    if (fixable.length > 0) wrong.push(`sync left ${JSON.stringify(fixable)}`);
    if (status !== after.status['plan']) wrong.push(`sync ${status}, plan after it ${after.status['plan']}`);
    return wrong.map((line) => `${wanted.join(', ')}: ${line}`);
  } finally {
    fs.rmSync(root.dir, { recursive: true, force: true });
  }
}

for (const name of ['nothing', ...Object.keys(damages)])
  test(`plan, sync, verify, list and doctor agree if ${name === 'nothing' ? 'nothing is wrong' : name}`, async (t) => {
    t.deepEqual(await check(name === 'nothing' ? [] : [name]), []);
  });

test('plan, sync, verify, list and doctor agree on machines with several damages', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(Object.keys(damages), { minLength: 2, maxLength: 6 }), async (wanted) => {
      t.deepEqual(await check(wanted), []);
    }),
    { numRuns: 25 },
  );
});
