// Every place outside of packaging/release that repeats the version, its date, the owner or a URL of the project. Pure: works on
// texts by their path, which release.mjs reads and writes.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Returns the parts of a date, YYYY-MM-DD, as changelogs of Debian and Fedora write them. */
function dateParts(date) {
  const day = new Date(`${date}T12:00:00Z`);
  const two = String(day.getUTCDate()).padStart(2, '0');
  const [name, month, year] = [days[day.getUTCDay()], months[day.getUTCMonth()], day.getUTCFullYear()];
  return {
    debian: `${name}, ${two} ${month} ${year} 12:00:00 +0000`,
    rpm: `${name} ${month} ${two} ${year}`,
  };
}

/**
 * The places: `pattern` finds the text between its first two groups, which `value` gives. `every` is for a pattern that may
 * match several times. A file that has none of its places is an error.
 */
const places = [
  { file: 'package.json', pattern: /^( {2}"version": ")[^"]*(")/m, value: ({ version }) => version },
  {
    file: 'package-lock.json',
    // The first two of them are those of the project.
    pattern: /^(\{\n {2}"name": "[^"]*",\n {2}"version": ")[^"]*(")/,
    value: ({ version }) => version,
  },
  {
    file: 'package-lock.json',
    pattern: /("": \{\n {6}"name": "[^"]*",\n {6}"version": ")[^"]*(")/,
    value: ({ version }) => version,
  },
  { file: 'src/version.ts', pattern: /(version = ')[^']*(')/, value: ({ version }) => version },
  { file: 'packaging/rpm/vfio-names.spec', pattern: /^(Version: +)\S+($)/m, value: ({ version }) => version },
  { file: 'packaging/arch/PKGBUILD', pattern: /^(pkgver=)\S+($)/m, value: ({ version }) => version },
  { file: 'packaging/alpine/APKBUILD', pattern: /^(pkgver=)\S+($)/m, value: ({ version }) => version },
  { file: 'packaging/nix/package.nix', pattern: /( version = ")[^"]*(")/, value: ({ version }) => version },

  { file: 'package.json', pattern: /^( {2}"author": ")[^"]*(")/m, value: ({ author }) => author },
  { file: 'package.json', pattern: /^( {2}"homepage": ")[^"]*(")/m, value: ({ homepage }) => homepage },
  {
    file: 'package.json',
    pattern: /("type": "git",\s*"url": ")[^"]*(")/,
    value: ({ repository }) => `git+${repository}.git`,
  },
  {
    file: 'package.json',
    pattern: /("bugs": \{\s*"url": ")[^"]*(")/,
    value: ({ repository }) => `${repository}/issues`,
  },
  { file: 'packaging/rpm/vfio-names.spec', pattern: /^(URL: +)\S+($)/m, value: ({ homepage }) => homepage },
  { file: 'packaging/arch/PKGBUILD', pattern: /^(url=)\S+($)/m, value: ({ homepage }) => homepage },
  { file: 'packaging/alpine/APKBUILD', pattern: /^(url=")[^"]*(")/m, value: ({ homepage }) => homepage },
  {
    file: 'packaging/nix/package.nix',
    pattern: /( url = ")[^"$]*(\/releases\/download\/v\$)/,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/nix/package.nix',
    pattern: /( homepage = ")[^"]*(")/,
    value: ({ homepage }) => homepage,
  },
  { file: 'packaging/debian/control', pattern: /^(Homepage: )\S+($)/m, value: ({ homepage }) => homepage },
  {
    file: 'packaging/debian/control',
    pattern: /^(Maintainer: ).*($)/m,
    value: ({ author, email }) => `${author} <${email}>`,
  },
  {
    file: 'packaging/debian/control',
    pattern: /^(Vcs-Browser: )\S+($)/m,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/debian/control',
    pattern: /^(Vcs-Git: )\S+(\.git$)/m,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/debian/copyright',
    pattern: /^(Upstream-Contact: ).*($)/m,
    value: ({ author, email }) => `${author} <${email}>`,
  },
  {
    file: 'packaging/debian/copyright',
    pattern: /^(Source: )\S+($)/m,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/debian/upstream/metadata',
    pattern: /(: )https:\S+?(\.git$|\/issues|\/security|$)/gm,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/debian/watch',
    pattern: /^(https:\/\/)\S+(\/releases\/download\/)/m,
    value: ({ repository }) => repository.replace(/^https:\/\//, ''),
  },
  {
    file: 'packaging/debian/watch',
    pattern: /^(https:\/\/api\.github\.com\/repos\/)[\w-]+(\/)/m,
    value: ({ owner }) => owner,
  },
  ...['packaging/arch/PKGBUILD', 'packaging/alpine/APKBUILD'].map((file) => ({
    file,
    pattern: /^(# Maintainer: ).*($)/m,
    value: ({ author, email }) => `${author} <${email}>`,
  })),
  {
    file: '.github/CODEOWNERS',
    pattern: /(@)[\w-]+(\/maintainers$)/gm,
    value: ({ owner }) => owner,
  },
  {
    file: '.github/ISSUE_TEMPLATE/config.yml',
    pattern: /(url: )\S+(\/security\/advisories\/new)/,
    value: ({ repository }) => repository,
  },
  {
    file: 'packaging/release/allowed_signers',
    pattern: /^()\S+( namespaces="git" )/gm,
    value: ({ email }) => email,
  },
];

/** The changelogs, whose newest entry must be that of the version. `add` puts a new entry before the others. */
const changelogs = [
  {
    file: 'packaging/debian/changelog',
    newest: /^vfio-names \((\S+)-\d+\)/,
    add: (text, { version, date, author, email }) =>
      `vfio-names (${version}-1) unstable; urgency=medium\n\n  * New upstream release.\n\n -- ${author} <${email}>  ${dateParts(date).debian}\n\n${text}`,
    date: (text, { date }) => text.replace(/^( -- .*> {2}).*$/m, `$1${dateParts(date).debian}`),
  },
  {
    file: 'packaging/rpm/vfio-names.spec',
    newest: /%changelog\n\* .* - (\S+)-\d+\n/,
    add: (text, { version, date, author, email }) =>
      text.replace(
        /^%changelog\n/m,
        `%changelog\n* ${dateParts(date).rpm} ${author} <${email}> - ${version}-1\n- New upstream release.\n\n`,
      ),
    date: (text, { date }) => text.replace(/(%changelog\n\* )\w+ \w+ \d+ \d+/, `$1${dateParts(date).rpm}`),
  },
];

/** The numbers of packages of one version, which start again with each version. */
const packageNumbers = [
  { file: 'packaging/rpm/vfio-names.spec', pattern: /^(Release: +)\d+(.*$)/m, first: '1' },
  { file: 'packaging/arch/PKGBUILD', pattern: /^(pkgrel=)\d+($)/m, first: '1' },
  { file: 'packaging/alpine/APKBUILD', pattern: /^(pkgrel=)\d+($)/m, first: '0' },
];

/** All files with a place. */
export const files = [
  ...new Set(['CHANGELOG.md', ...[...places, ...changelogs, ...packageNumbers].map(({ file }) => file)]),
];

function replaced(texts, file, pattern, value) {
  if (texts.get(file).search(pattern) < 0)
    throw new Error(`${file}: expected text that matches ${pattern}, found none`);
  texts.set(
    file,
    texts.get(file).replace(pattern, (_, before, after) => `${before}${value}${after}`),
  );
}

/** Returns the texts with the values of `project` (project.json) and with the version that package.json has. */
export function withProject(texts, project) {
  const result = new Map(texts);
  const { version } = JSON.parse(texts.get('package.json'));
  for (const { file, pattern, value } of places)
    replaced(result, file, pattern, value({ ...project, version }));
  return result;
}

/** Returns the texts with this version and date (YYYY-MM-DD), and a first entry of each changelog for it. */
export function withVersion(texts, project, version, date) {
  const result = new Map(texts);
  const values = { ...project, version, date };
  for (const { file, pattern, value } of places) replaced(result, file, pattern, value(values));
  for (const { file, newest, add, date: dated } of changelogs) {
    const isNew = newest.exec(texts.get(file))?.[1] !== version;
    result.set(file, (isNew ? add : dated)(result.get(file), values));
  }
  if (JSON.parse(texts.get('package.json')).version !== version)
    for (const { file, pattern, first } of packageNumbers) replaced(result, file, pattern, first);
  const heading = `## ${version} (unreleased)`;
  result.set('CHANGELOG.md', result.get('CHANGELOG.md').replace(heading, `## ${version} (${date})`));
  return result;
}

/** Returns the text of the section of CHANGELOG.md for a version, without its heading, and its date or `unreleased`. */
export function changelogSection(text, version) {
  const [, ...sections] = text.split(/^## /m);
  const section = sections.find((one) => one.startsWith(`${version} (`));
  if (!section) return undefined;
  const [, date] = /\((.*)\)/.exec(section) ?? [];
  return { date, text: section.slice(section.indexOf('\n')).trim() };
}

/** Returns what is wrong: places that differ from `project` and from the version of package.json, and the changelogs. */
export function problems(texts, project, { released = false } = {}) {
  const { version } = JSON.parse(texts.get('package.json'));
  const found = [];
  for (const { file, pattern, value } of places) {
    const expected = value({ ...project, version });
    const global = new RegExp(pattern.source, pattern.flags.replace('g', '').concat('g'));
    const matches = [...texts.get(file).matchAll(global)];
    if (matches.length === 0) found.push(`${file}: expected text that matches ${pattern}, found none`);
    for (const [text, before, after] of pattern.global ? matches : matches.slice(0, 1)) {
      const current = text.slice(before.length, text.length - after.length);
      if (current !== expected) found.push(`${file}: expected ${expected}, found ${current}`);
    }
  }
  for (const { file, newest } of changelogs) {
    const current = newest.exec(texts.get(file))?.[1];
    if (current !== version) found.push(`${file}: expected ${version} in the newest entry, found ${current}`);
  }
  const section = changelogSection(texts.get('CHANGELOG.md'), version);
  if (!section) found.push(`CHANGELOG.md: expected a section ${version}, found none`);
  else if (!/^- /m.test(section.text)) found.push(`CHANGELOG.md: the section ${version} lists no change`);
  else if (released && !/^\d{4}-\d{2}-\d{2}$/.test(section.date))
    found.push(`CHANGELOG.md: expected the date of ${version}, found (${section.date})`);
  return found;
}

/** Whether version `a` comes after `b`; both are three numbers. */
export function isLater(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  const different = x.findIndex((number, index) => number !== y[index]);
  return different >= 0 && x[different] > y[different];
}
