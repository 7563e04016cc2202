/** packaging/release: the places of the version and of the project's URLs, and the files of a release. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';

type Texts = ReadonlyMap<string, string>;
interface Project {
  readonly owner: string;
  readonly homepage: string;
  readonly repository: string;
  readonly author: string;
  readonly email: string;
}

const root = resolve(import.meta.dirname, '../../..');
const { files, withVersion, withProject, problems, changelogSection, isLater } = createRequire(
  import.meta.url,
)(join(root, 'packaging/release/places.mjs')) as {
  readonly files: readonly string[];
  readonly withVersion: (texts: Texts, project: Project, version: string, date: string) => Texts;
  readonly withProject: (texts: Texts, project: Project) => Texts;
  readonly problems: (
    texts: Texts,
    project: Project,
    options?: { readonly released?: boolean },
  ) => readonly string[];
  readonly changelogSection: (
    text: string,
    version: string,
  ) => { readonly date: string; readonly text: string } | undefined;
  readonly isLater: (a: string, b: string) => boolean;
};
const rootEntries = readdirSync(root).filter(
  (name) => !['.git', 'node_modules', 'dist', 'coverage', 'build'].includes(name),
);
const texts: Texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const project = JSON.parse(readFileSync(join(root, 'packaging/release/project.json'), 'utf8')) as Project;
const { version } = JSON.parse(texts.get('package.json') ?? '') as { readonly version: string };

/** The texts with a section of the changelog for version 97.98.99. */
function withSection(body = '- A change.'): Texts {
  const changelog = (texts.get('CHANGELOG.md') ?? '').replace(
    '## ',
    `## 97.98.99 (unreleased)\n\n${body}\n\n## `,
  );
  return new Map(texts).set('CHANGELOG.md', changelog);
}

test('every place has the version of package.json and the URLs of packaging/release/project.json', (t) => {
  t.deepEqual(problems(texts, project), []);
});

test('set changes the version in every place and dates every changelog', (t) => {
  const changed = withVersion(withSection(), project, '97.98.99', '2027-03-04');
  t.deepEqual(problems(changed, project, { released: true }), []);
  for (const [file, text] of changed) {
    if (texts.get(file)?.includes(version)) t.true(text.includes('97.98.99'), file);
  }
  t.regex(
    changed.get('packaging/debian/changelog') ?? '',
    /^vfio-names \(97\.98\.99-1\) unstable; urgency=medium\n\n {2}\* New upstream release\.\n\n -- .* <.*> {2}Thu, 04 Mar 2027 12:00:00 \+0000\n\nvfio-names \(/,
  );
  t.regex(
    changed.get('packaging/rpm/vfio-names.spec') ?? '',
    /%changelog\n\* Thu Mar 04 2027 .* - 97\.98\.99-1\n/,
  );
  t.regex(changed.get('CHANGELOG.md') ?? '', /^## 97\.98\.99 \(2027-03-04\)$/m);
});

test('set with the same version again only changes dates', (t) => {
  const first = withVersion(withSection(), project, '97.98.99', '2027-03-04');
  const second = withVersion(first, project, '97.98.99', '2027-03-05');
  t.regex(second.get('packaging/debian/changelog') ?? '', /Fri, 05 Mar 2027/);
  t.is(second.get('packaging/debian/changelog')?.match(/97\.98\.99-1/g)?.length, 1);
  t.is(second.get('packaging/rpm/vfio-names.spec')?.match(/97\.98\.99-1/g)?.length, 1);
});

test('the numbers of packages start again with a new version', (t) => {
  const later = new Map(withSection());
  for (const file of ['packaging/arch/PKGBUILD', 'packaging/alpine/APKBUILD'])
    later.set(file, (later.get(file) ?? '').replace(/^pkgrel=\d+$/m, 'pkgrel=7'));
  const changed = withVersion(later, project, '97.98.99', '2027-03-04');
  t.regex(changed.get('packaging/arch/PKGBUILD') ?? '', /^pkgrel=1$/m);
  t.regex(changed.get('packaging/alpine/APKBUILD') ?? '', /^pkgrel=0$/m);
});

test('project replaces every placeholder of the owner', (t) => {
  const own = {
    owner: 'somebody',
    homepage: 'https://names.example/home',
    repository: 'https://git.example/somebody/vfio-names',
    author: 'Some Body',
    email: 'some@names.example',
  };
  const changed = withProject(texts, own);
  t.deepEqual(problems(changed, own), []);
  for (const [file, text] of changed) {
    if (file === 'CHANGELOG.md') continue;
    // Older entries of a changelog keep their author.
    t.notRegex(text.split(/^%changelog$/m)[0] ?? '', /\bOWNER\b(?! is a placeholder)/, file);
  }
});

test('the placeholder of the owner is only in the places that project replaces', (t) => {
  const { stdout } = spawnSync('grep', ['-rlE', '@OWNER/|\\.com/OWNER', ...rootEntries], {
    cwd: root,
    encoding: 'utf8',
  });
  const found = stdout.split('\n').filter((path) => path !== '');
  t.true(found.includes('package.json'));
  const texts = [
    'packaging/RELEASING.md',
    'packaging/release/project.json',
    'test/docs/packaging/release.test.ts',
  ];
  t.deepEqual(
    found.filter((path) => ![...files, ...texts].includes(path)),
    [],
  );
});

for (const file of files)
  test(`check reports ${file} without its places`, (t) => {
    const without = new Map(texts).set(file, file === 'package.json' ? `{ "version": "${version}" }` : '');
    t.true(problems(without, project).some((text) => text.startsWith(`${file}: expected `)));
  });

test('set fails if a file has none of its places, and names it', (t) => {
  const without = new Map(withSection()).set('packaging/arch/PKGBUILD', '');
  t.throws(() => withVersion(without, project, '97.98.99', '2027-03-04'), {
    message: /^packaging\/arch\/PKGBUILD: expected text that matches/,
  });
});

test('check requires a section of CHANGELOG.md that lists a change, and its date at a release', (t) => {
  const changelog = (text: string) =>
    problems(new Map(texts).set('CHANGELOG.md', text), project, { released: true });
  t.deepEqual(changelog('# Changelog\n'), [`CHANGELOG.md: expected a section ${version}, found none`]);
  t.deepEqual(changelog(`## ${version} (2027-01-01)\n\nText.\n`), [
    `CHANGELOG.md: the section ${version} lists no change`,
  ]);
  t.deepEqual(changelog(`## ${version} (unreleased)\n\n- A change.\n`), [
    `CHANGELOG.md: expected the date of ${version}, found (unreleased)`,
  ]);
  t.deepEqual(changelog(`## ${version} (2027-01-01)\n\n- A change.\n`), []);
});

test('changelogSection returns the text of one version', (t) => {
  const text = '# Changelog\n\n## 2.0.0 (unreleased)\n\n- B.\n\n## 1.0.0 (2027-01-01)\n\n- A.\n';
  t.deepEqual(changelogSection(text, '1.0.0'), { date: '2027-01-01', text: '- A.' });
  t.deepEqual(changelogSection(text, '2.0.0'), { date: 'unreleased', text: '- B.' });
  t.is(changelogSection(text, '3.0.0'), undefined);
});

for (const [a, b, expected] of [
  ['1.0.0', '0.9.9', true],
  ['0.10.0', '0.9.0', true],
  ['0.1.0', '0.1.0', false],
  ['0.1.0', '0.2.0', false],
] as const)
  test(`isLater: ${a} ${expected ? 'comes' : 'does not come'} after ${b}`, (t) => {
    t.is(isLater(a, b), expected);
  });

/** A copy of all files that release.mjs reads. */
function copy(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-release-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const scripts = ['places.mjs', 'release.mjs', 'project.json'].map((name) => `packaging/release/${name}`);
  for (const file of [...files, ...scripts])
    cpSync(join(root, file), join(directory, file), { recursive: true, force: true });
  return directory;
}

function release(directory: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(directory, 'packaging/release/release.mjs'), ...args],
    { encoding: 'utf8', cwd: dirname(directory), env: { ...process.env, NODE_V8_COVERAGE: '' } },
  );
  return { status, stdout, stderr };
}

test('npm run release -- set writes the version and prints the changed files', (t) => {
  const directory = copy(t);
  t.is(release(directory, 'check').status, 0);
  writeFileSync(join(directory, 'CHANGELOG.md'), withSection().get('CHANGELOG.md') ?? '');
  const { status, stdout, stderr } = release(directory, 'set', '97.98.99', '2027-03-04');
  t.is(status, 0, stderr);
  t.true(stdout.split('\n').includes('package-lock.json'));
  t.is(release(directory, 'check', 'v97.98.99').stderr, '');
  t.is(release(directory, 'notes').stdout, '- A change.\n');
});

for (const [title, args, status, message] of [
  [
    'a version that is not three numbers',
    ['set', '1.2'],
    2,
    /expected a version such as 1\.2\.3, found 1\.2/,
  ],
  ['a date that is not one', ['set', '97.98.99', 'today'], 2, /expected a date such as/],
  ['a version before the current one', ['set', '0.0.1'], 2, /or a later version, found 0\.0\.1/],
  [
    'a version without a section in the changelog',
    ['set', '97.98.99'],
    1,
    /^release: CHANGELOG\.md: expected a section/,
  ],
  ['a tag of another version', ['check', 'v97.98.99'], 1, /expected the tag v/],
  ['no command', [], 2, /expected set VERSION/],
] as const)
  test(`npm run release rejects ${title}, and changes nothing`, (t) => {
    const directory = copy(t);
    const result = release(directory, ...args);
    t.is(result.status, status, result.stderr);
    t.regex(result.stderr, message);
    t.is(result.stderr.trimEnd().split('\n').length, 1);
    t.is(readFileSync(join(directory, 'package.json'), 'utf8'), texts.get('package.json') ?? '');
  });

test('RELEASING.md lists every value of packaging/release/project.json', (t) => {
  const page = readFileSync(join(root, 'packaging/RELEASING.md'), 'utf8');
  for (const key of Object.keys(project)) t.true(page.includes(`\`${key}\``), key);
});

const hasSsh = spawnSync('ssh-keygen', ['-?']).error === undefined;
(hasSsh ? test : test.skip)('a tag must be signed by a key in packaging/release/allowed_signers', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-tag-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const run = (command: string, ...args: readonly string[]) =>
    spawnSync(command, args, {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: directory },
    });
  const git = (...args: readonly string[]) =>
    run('git', '-c', 'user.name=a', '-c', 'user.email=a@names.example', '-c', 'gpg.format=ssh', ...args);
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '--message', 'x');
  const signers = readFileSync(join(root, 'packaging/release/allowed_signers'), 'utf8');
  for (const name of ['own', 'other']) {
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', name);
    const { status, stderr } = git(
      '-c',
      `user.signingKey=${name}.pub`,
      'tag',
      '--sign',
      name,
      '--message',
      name,
    );
    t.is(status, 0, stderr);
  }
  const [type, key] = readFileSync(join(directory, 'own.pub'), 'utf8').split(' ');
  writeFileSync(join(directory, 'signers'), signers.replace(/ssh-ed25519 \S+/, `${type} ${key}`));
  const verify = (tag: string) => git('-c', 'gpg.ssh.allowedSignersFile=signers', 'verify-tag', tag);
  t.is(verify('own').status, 0, verify('own').stderr);
  t.not(verify('other').status, 0);
});
