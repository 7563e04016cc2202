import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { nodeSystem } from '../../../src/system/node/system.ts';
import { oldestPass } from '../../../src/watch/metrics-file.ts';
import { type CliResult, runCli } from '../../support/cli.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { startService } from '../../support/start-service.ts';

const text = (lastPass: number | string): string =>
  `# HELP vfio_names_devices x\nvfio_names_devices 1\nvfio_names_last_pass_timestamp_seconds ${lastPass}\n`;

/** Runs --alive on a metrics file at 1000 seconds after 1970. */
async function alive(
  t: ExecutionContext,
  content: string | undefined,
  ...args: string[]
): Promise<CliResult> {
  const root = fakeRoot(t);
  if (content !== undefined) root.write('/m.prom', content);
  return runCli(['watch', '--alive', '--metrics', root.at('/m.prom'), ...args], {
    clock: { ...nodeSystem.clock, date: () => new Date(1_000_000) },
  });
}

test('watch --alive accepts metrics of a recent pass, and of a clock that was set back', async (t) => {
  t.deepEqual(await alive(t, text(990.4)), {
    status: 0,
    out: 'alive: the last pass was 10 s ago\n',
    err: [],
  });
  t.is((await alive(t, text(910))).status, 0);
  t.is((await alive(t, text(5000))).out, 'alive: the last pass was 0 s ago\n');
});

test('watch --alive fails with status 1 if the last pass is three intervals old', async (t) => {
  const old = await alive(t, text(909));
  t.is(old.status, 1);
  t.deepEqual(old.err, [
    'vfio-names: expected a pass of watch in the last 90 seconds, found the last one 91 seconds ago; start the service again',
  ]);
  t.is((await alive(t, text(909), '--interval', '60')).status, 0);
  t.deepEqual([oldestPass(1), oldestPass(30), oldestPass(60)], [60, 90, 180]);
});

for (const [what, content] of [
  ['no file', undefined],
  ['a file of another program', 'vfio_names_last_pass_timestamp_seconds 999\n'],
  ['metrics without a pass', '# HELP vfio_names_devices x\n'],
  ['a time that is not a number', text('x')],
] as const)
  test(`watch --alive fails with status 1 for ${what}`, async (t) => {
    const { status, err } = await alive(t, content);
    t.is(status, 1);
    t.regex(err.join(), /expected the metrics of a running watch at .*, found (?:nothing|another file);/);
  });

test('watch --alive requires --metrics and permits no --json', async (t) => {
  t.is((await runCli(['watch', '--alive'])).status, 2);
  t.is((await alive(t, text(999), '--json')).status, 2);
});

test('watch --alive accepts the metrics that the service has written', async (t) => {
  const root = fakeRoot(t);
  const file = root.at('/m.prom');
  const service = await startService(t, root, ['--metrics', file]);
  const written = fs.readFileSync(file, 'utf8');
  t.regex(written, /^vfio_names_last_pass_timestamp_seconds \d/m);
  const clock = { ...nodeSystem.clock, date: () => service.clock.date() };
  t.is((await runCli(['watch', '--alive', '--metrics', file], { clock })).status, 0);
});
