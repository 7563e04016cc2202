import * as fs from 'node:fs';
import test from 'ava';
import { maxDebounceMs } from '../../../src/watch/loop.ts';
import { runCli } from '../../support/cli.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { startService } from '../../support/start-service.ts';

test('watch --nfd writes the features file, renews it as devices change, and removes it at the end', async (t) => {
  const root = fakeRoot(t);
  const file = root.at('/features.d/vfio-names');
  fs.mkdirSync(root.at('/features.d'));
  const features = (): string => fs.readFileSync(file, 'utf8');
  const first = root.add({ name: '0000:01:00.0', sysname: 'vfio0', driver: 'vfio-pci' });
  const service = await startService(t, root, ['--json', '--nfd', file]);
  t.regex(features(), /^vfio-names\.dev\/pci\.count=1$/m);
  root.add({ name: '0000:02:00.0', sysname: 'vfio1', driver: 'vfio-pci' });
  service.hint('event', 'devices/vfio1');
  await service.clock.advance(maxDebounceMs);
  t.regex(features(), /^vfio-names\.dev\/pci\.count=2$/m);
  root.unbind(first);
  service.hint('event', 'devices/vfio0');
  await service.clock.advance(maxDebounceMs);
  t.regex(features(), /^vfio-names\.dev\/pci\.count=1$/m);
  t.deepEqual(
    service
      .lines()
      .flatMap(({ event, reason, file: path }) => (event === 'nfd' ? [`${reason} ${path}`] : [])),
    Array(3).fill(`written ${file}`),
  );
  // A link that changes does not change the features.
  const before = fs.statSync(file).ino;
  service.hint('event', 'pci/0000:02:00.0');
  await service.clock.advance(maxDebounceMs);
  t.is(fs.statSync(file).ino, before);
  service.signal('SIGTERM');
  t.is(await service.status, 0);
  t.deepEqual(fs.readdirSync(root.at('/features.d')), []);
});

test('watch --nfd leaves a file of another program alone, and reports it once', async (t) => {
  const root = fakeRoot(t);
  const file = root.at('/features.d/other');
  root.write('/features.d/other', 'vendor.example/x=1\n');
  const service = await startService(t, root, ['--nfd', file]);
  service.hint('event', 'devices/vfio1');
  await service.clock.advance(maxDebounceMs);
  t.is(
    service.err.filter((line) => /expected a features file of vfio-names or nothing/.test(line)).length,
    1,
  );
  service.signal('SIGTERM');
  t.is(await service.status, 0);
  t.is(fs.readFileSync(file, 'utf8'), 'vendor.example/x=1\n');
});

test('watch rejects a hidden --nfd file before it starts', async (t) => {
  const root = fakeRoot(t);
  const { status, err } = await runCli(['watch', '--root', root.dir, '--nfd', root.at('/.x')]);
  t.is(status, 2);
  t.regex(err.join(), /expected --nfd to be a file whose name begins with no dot/);
});
