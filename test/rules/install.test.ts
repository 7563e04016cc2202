import * as fs from 'node:fs';
import test from 'ava';
import { readHeader } from '../../src/rules/header.ts';
import { carryOut, installPath, planInstallation } from '../../src/rules/install.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hash } from './policies.ts';

const ours = (more = ''): string => `# vfio-names scheme=1 policy=${hash}\n${more}`;

const token = `${process.pid}-0`;

test('the first line tells a file of ours, and nothing less does', (t) => {
  t.deepEqual(readHeader(ours()), { scheme: 1, policy: hash });
  t.deepEqual(readHeader('# vfio-names scheme=12 policy=default\n'), { scheme: 12, policy: 'default' });
  for (const text of [
    '',
    '\n',
    `\n${ours()}`,
    '# vfio-names',
    '# vfio-names scheme=1 policy=deadbeef\n',
    ours().trim(),
  ])
    t.is(readHeader(text), undefined);
});

test('rules are written, replaced and removed, whole and with nothing left beside them', (t) => {
  const root = fakeRoot(t);
  const install = (text: string | undefined): void =>
    carryOut(fakeFiles, root.dir, planInstallation(fakeFiles, root.dir, text), token);
  install(ours('a\n'));
  t.is(fs.readFileSync(root.at(installPath), 'utf8'), ours('a\n'));
  t.is(fs.statSync(root.at(installPath)).mode & 0o777, 0o644);
  install(ours('b\n'));
  install(ours('b\n'));
  t.is(fs.readFileSync(root.at(installPath), 'utf8'), ours('b\n'));
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), ['70-vfio-names.rules']);
  install(undefined);
  install(undefined);
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), []);
});

test('what a killed run left is swept away, what a living one works on stays', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/udev/rules.d/.vfio-names-rules-4194999-0', 'x');
  root.write(`/etc/udev/rules.d/.vfio-names-rules-${process.ppid}-0`, 'x');
  root.write('/etc/udev/rules.d/.vfio-names-rules-x', 'x');
  carryOut(fakeFiles, root.dir, planInstallation(fakeFiles, root.dir, ours()), token);
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')).sort(), [
    `.vfio-names-rules-${process.ppid}-0`,
    '.vfio-names-rules-x',
    '70-vfio-names.rules',
  ]);
});

const foreign = test.macro({
  exec(t, make: (root: ReturnType<typeof fakeRoot>) => void) {
    const root = fakeRoot(t);
    make(root);
    for (const text of [ours(), undefined]) {
      const error = t.throws(() => planInstallation(fakeFiles, root.dir, text), { code: 'rules-not-ours' });
      t.regex(error?.message ?? '', /^expected .* found .* move it away first$/);
    }
  },
  title: (title) => `${title} is neither replaced nor removed`,
});

test('a file that we did not make', foreign, (root) => root.write(installPath, 'KERNEL=="x"\n'));
test('an empty file', foreign, (root) => root.write(installPath, ''));
test('a mask', foreign, (root) => root.linkText(installPath, '/dev/null'));
test('a directory', foreign, (root) => root.write(`${installPath}/x`, ''));
test('a dangling link', foreign, (root) => root.linkText(installPath, 'nowhere'));
test('a link to a file of ours', foreign, (root) => {
  root.write('/etc/ours', ours());
  root.linkText(installPath, '../../ours');
});

test('a link among the directories is not followed', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere/rules.d'), { recursive: true });
  root.linkText('/etc/udev', '../elsewhere');
  const error = t.throws(
    () => carryOut(fakeFiles, root.dir, planInstallation(fakeFiles, root.dir, ours()), token),
    { name: 'VfioNamesError' },
  );
  t.regex(error?.message ?? '', /^could not install the rules: .*70-vfio-names.rules: E(LOOP|NOTDIR)/);
  t.deepEqual(fs.readdirSync(root.at('/elsewhere/rules.d')), []);
});

test('a directory in the way of the last step leaves no temporary file', (t) => {
  const root = fakeRoot(t);
  const planned = planInstallation(fakeFiles, root.dir, ours());
  root.write(`${installPath}/x`, '');
  t.throws(() => carryOut(fakeFiles, root.dir, planned, token), { message: /EISDIR|ENOTEMPTY|EEXIST/ });
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), ['70-vfio-names.rules']);
});
