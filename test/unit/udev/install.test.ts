import * as fs from 'node:fs';
import test from 'ava';
import { VfioNamesError, withHint } from '../../../src/errors.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { applyRulesChange, planRulesChange } from '../../../src/udev/install.ts';
import { checkRules, findRules, installPathOf, rulesFileName } from '../../../src/udev/installed-rules.ts';
import { renderRules } from '../../../src/udev/render.ts';
import { readHeader } from '../../../src/udev/syntax.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { errnoError, hookedFiles } from '../../support/hooked-files.ts';
import { hash } from '../../support/policies.ts';

const generated = (body = ''): string => `# vfio-names scheme=1 policy=${hash}\n${body}`;

const installPath = installPathOf(rulesFileName);

const token = `${process.pid}-0`;

test('readHeader accepts only a complete first line', (t) => {
  t.deepEqual(readHeader(generated()), { scheme: 1, policy: hash });
  t.deepEqual(readHeader('# vfio-names scheme=12 policy=default\n'), { scheme: 12, policy: 'default' });
  for (const text of [
    '',
    '\n',
    `\n${generated()}`,
    '# vfio-names',
    '# vfio-names scheme=1 policy=deadbeef\n',
    generated().trim(),
  ])
    t.is(readHeader(text), undefined);
});

test('rules install and uninstall write, replace and remove the file, without temporary files left', (t) => {
  const root = fakeRoot(t);
  const install = (text: string | undefined): void =>
    applyRulesChange(fakeFiles, root.dir, planRulesChange(fakeFiles, root.dir, text), token);
  install(generated('a\n'));
  t.is(fs.readFileSync(root.at(installPath), 'utf8'), generated('a\n'));
  t.is(fs.statSync(root.at(installPath)).mode & 0o777, 0o644);
  install(generated('b\n'));
  install(generated('b\n'));
  t.is(fs.readFileSync(root.at(installPath), 'utf8'), generated('b\n'));
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), ['70-vfio-names.rules']);
  install(undefined);
  install(undefined);
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), []);
});

test('rules install removes temporary files of killed runs and keeps those of running processes', (t) => {
  const root = fakeRoot(t);
  root.write('/etc/udev/rules.d/.vfio-names-4194999-0', 'x');
  root.write(`/etc/udev/rules.d/.vfio-names-${process.ppid}-0`, 'x');
  root.write('/etc/udev/rules.d/.vfio-names-x', 'x');
  applyRulesChange(fakeFiles, root.dir, planRulesChange(fakeFiles, root.dir, generated()), token);
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')).sort(), [
    `.vfio-names-${process.ppid}-0`,
    '.vfio-names-x',
    '70-vfio-names.rules',
  ]);
});

test('rules install and uninstall remove temporary files of killed runs if there is nothing else to do', (t) => {
  const root = fakeRoot(t);
  const change = (text: string | undefined): void =>
    applyRulesChange(fakeFiles, root.dir, planRulesChange(fakeFiles, root.dir, text), token);
  t.notThrows(() => change(undefined), 'there is no directory');
  for (const text of [generated(), undefined]) {
    change(text);
    root.write('/etc/udev/rules.d/.vfio-names-4194999-0', 'x');
    change(text);
    t.false(fs.readdirSync(root.at('/etc/udev/rules.d')).includes('.vfio-names-4194999-0'));
  }
});

const foreign = test.macro({
  exec(t, create: (root: ReturnType<typeof fakeRoot>) => void) {
    const root = fakeRoot(t);
    create(root);
    for (const text of [generated(), undefined]) {
      const error = t.throws(() => planRulesChange(fakeFiles, root.dir, text), { code: 'file-unmanaged' });
      t.regex(errorLine(error), /^expected .* found .*; move it away first$/);
    }
  },
  title: (title) => `rules install neither replaces nor removes ${title}`,
});

test('a file without our header', foreign, (root) => root.write(installPath, 'KERNEL=="x"\n'));
test('an empty file', foreign, (root) => root.write(installPath, ''));
test('a link to /dev/null', foreign, (root) => root.linkWithTarget(installPath, '/dev/null'));
test('a directory', foreign, (root) => root.write(`${installPath}/x`, ''));
test('a dangling link', foreign, (root) => root.linkWithTarget(installPath, 'nowhere'));
test('a link to a generated file', foreign, (root) => {
  root.write('/etc/ours', generated());
  root.linkWithTarget(installPath, '../../ours');
});

test('rules install does not follow a symlink to a parent directory', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/elsewhere/rules.d'), { recursive: true });
  root.linkWithTarget('/etc/udev', '../elsewhere');
  const error = t.throws(
    () => applyRulesChange(fakeFiles, root.dir, planRulesChange(fakeFiles, root.dir, generated()), token),
    { name: 'VfioNamesError' },
  );
  t.is(error?.message, 'expected a directory at /etc/udev, found a link to ../elsewhere');
  t.regex(errorLine(error), /rules render/);
  t.deepEqual(fs.readdirSync(root.at('/elsewhere/rules.d')), []);
});

test('rules install says that the directory is a link or read-only, and names rules render', (t) => {
  const root = fakeRoot(t);
  fs.mkdirSync(root.at('/nix/store/rules'), { recursive: true });
  root.linkWithTarget('/etc/udev/rules.d', '../../nix/store/rules');
  const error = t.throws(() => planRulesChange(fakeFiles, root.dir, generated()), {
    code: 'directory-unmanaged',
  });
  if (!(error instanceof VfioNamesError)) return t.fail();
  t.is(error.message, 'expected a directory at /etc/udev/rules.d, found a link to ../../nix/store/rules');
  t.regex(error.hint ?? '', /rules render/);
  t.notThrows(() => planRulesChange(fakeFiles, root.dir, undefined), 'there is nothing to uninstall');
  const readOnly = fakeRoot(t);
  const files = hookedFiles(({ name }) => {
    if (name === 'createFile') throw errnoError('EROFS');
  });
  const planned = planRulesChange(fakeFiles, readOnly.dir, generated());
  const refused = t.throws(() => applyRulesChange(files, readOnly.dir, planned, token));
  if (!(refused instanceof VfioNamesError)) return t.fail();
  t.is(refused.status, 4);
  t.is(refused.message, 'could not install the rules: /etc/udev/rules.d is on a read-only file system');
  t.regex(refused.hint ?? '', /rules render/);
  const immutable = hookedFiles(({ name }) => {
    if (name === 'createFile') throw errnoError('EPERM');
  });
  const error2 = t.throws(() => applyRulesChange(immutable, readOnly.dir, planned, token));
  t.is(
    errorLine(error2),
    "could not install the rules: /etc/udev/rules.d cannot be changed: not permitted (EPERM); run it as root; if root may not, put the output of vfio-names rules render where this system takes udev's rules from",
  );
  const file = fakeRoot(t);
  file.write('/etc/udev/rules.d', '');
  t.throws(() => planRulesChange(fakeFiles, file.dir, generated()), {
    message: 'expected a directory at /etc/udev/rules.d, found a file',
  });
});

test('rules in a file of another name are found and compared line by line', (t) => {
  const root = fakeRoot(t);
  const wanted = renderRules('udev', defaultPolicy);
  const path = '/etc/udev/rules.d/99-local.rules';
  root.write('/etc/udev/rules.d/50-other.rules', '# SYMLINK+="vfio/pci/x"\nKERNEL=="x", SYMLINK+="y"\n');
  root.write(path, `KERNEL=="kvm", MODE="0666"\n${wanted}`);
  const found = findRules(fakeFiles, root.dir);
  t.like(found, { kind: 'embedded', path });
  t.like(checkRules(found, wanted), { upToDate: true, file: path, rulesState: 'current' });
  const edited = checkRules(found, `${wanted}KERNEL=="new"\n`);
  t.like(edited, { upToDate: false, rulesState: 'edited' });
  t.is(edited.message, `${path} does not contain 1 line of the rules of the policy`);
  t.regex(edited.hint ?? '', /rules render/);
});

test('rules install leaves a directory in place of the file alone, and no temporary file', (t) => {
  const root = fakeRoot(t);
  const planned = planRulesChange(fakeFiles, root.dir, generated());
  root.write(`${installPath}/x`, '');
  t.throws(() => applyRulesChange(fakeFiles, root.dir, planned, token), {
    message: /found one that vfio-names did not make/,
  });
  t.deepEqual(fs.readdirSync(root.at('/etc/udev/rules.d')), ['70-vfio-names.rules']);
});

const text = (policy: string, body = ''): string => `# vfio-names scheme=1 policy=${policy}\n${body}`;

test("findRules returns the file in the first directory of udev's search order", (t) => {
  const root = fakeRoot(t);
  t.is(findRules(fakeFiles, root.dir), undefined);
  for (const directory of ['/lib', '/usr/lib', '/usr/local/lib', '/run', '/etc'].map(
    (top) => `${top}/udev/rules.d`,
  )) {
    root.write(`${directory}/70-vfio-names.rules`, directory);
    t.deepEqual(findRules(fakeFiles, root.dir), {
      kind: 'text',
      path: `${directory}/70-vfio-names.rules`,
      text: directory,
    });
  }
  root.linkWithTarget(`/etc/udev/rules.d/70-vfio-names.rules`, '/dev/null');
  t.deepEqual(findRules(fakeFiles, root.dir), {
    kind: 'masked',
    path: `/etc/udev/rules.d/70-vfio-names.rules`,
  });
});

test('findRules follows a link within the root', (t) => {
  const root = fakeRoot(t);
  root.write('/opt/x.rules', text('default'));
  for (const target of ['/opt/x.rules', '../../../opt/x.rules']) {
    root.linkWithTarget(`/etc/udev/rules.d/70-vfio-names.rules`, target);
    t.is(findRules(fakeFiles, root.dir)?.kind, 'text');
  }
});

const path = '/etc/udev/rules.d/70-vfio-names.rules';

const verdict = test.macro({
  exec(t, found: Parameters<typeof checkRules>[0], state: string, message: RegExp) {
    const result = checkRules(found, text(hash));
    t.is(result.rulesState as string, state);
    t.is(result.upToDate, state === 'current');
    t.regex(withHint(result), message);
    t.notRegex(withHint(result), /\n/);
  },
  title: (title, _, state) => title ?? `rules check reports rules that are ${state}`,
});

test(verdict, undefined, 'missing', /no rules.*rules install/);
test(verdict, { kind: 'masked', path }, 'masked', /turns the rules off/);
test(verdict, { kind: 'text', path, text: 'KERNEL=="x"\n' }, 'unmanaged', /not made by vfio-names/);
test(
  'rules check reports a directory as foreign',
  verdict,
  { kind: 'other', path, what: 'a directory' },
  'unmanaged',
  /not made/,
);
test(verdict, { kind: 'text', path, text: text(hash) }, 'current', /matches the policy/);
test(verdict, { kind: 'text', path, text: text(hash, '#\n') }, 'edited', /edited/);
test(
  verdict,
  { kind: 'text', path, text: text('default') },
  'policy-changed',
  /of policy default, expected c0ffee000000;/,
);
