// Sets the version of the project in every place, and checks that all places agree. Changes files only; git and the
// publication are described in packaging/RELEASING.md.
//
// Usage: npm run release -- set VERSION [YYYY-MM-DD]   sets the version; the date is today's
//        npm run release -- project                    writes the owner and the URLs of project.json into every place
//        npm run release -- check [vVERSION]           reports what differs; with a tag: also that the changelog has its date
//        npm run release -- notes                      prints the section of CHANGELOG.md for the version
// Exit status: 0 success, 1 something differs, 2 wrong usage.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changelogSection, files, isLater, problems, withProject, withVersion } from './places.mjs';

const root = join(import.meta.dirname, '../..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const texts = new Map(files.map((file) => [file, read(file)]));
const project = JSON.parse(read('packaging/release/project.json'));
const current = JSON.parse(texts.get('package.json')).version;

function end(status, ...lines) {
  for (const line of lines) process.stderr.write(`release: ${line}\n`);
  process.exit(status);
}

function write(changed) {
  for (const [file, text] of changed)
    if (text !== texts.get(file)) {
      writeFileSync(join(root, file), text);
      process.stdout.write(`${file}\n`);
    }
}

const [command, argument, ...rest] = process.argv.slice(2);
if (command === 'set') {
  const [date = new Date().toISOString().slice(0, 10), ...more] = rest;
  if (!/^\d+\.\d+\.\d+$/.test(argument ?? '')) end(2, `expected a version such as 1.2.3, found ${argument}`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || more.length > 0)
    end(2, `expected a date such as 2026-12-31, found ${rest.join(' ')}`);
  if (argument !== current && !isLater(argument, current))
    end(2, `expected ${current} or a later version, found ${argument}`);
  const section = changelogSection(texts.get('CHANGELOG.md'), argument);
  if (!section || !/^- /m.test(section.text))
    end(1, `CHANGELOG.md: expected a section "## ${argument} (unreleased)" with the changes`);
  const changed = withVersion(texts, project, argument, date);
  const found = problems(changed, project, { released: true });
  if (found.length > 0) end(1, ...found);
  write(changed);
} else if (command === 'project' && argument === undefined) {
  write(withProject(texts, project));
} else if (command === 'check' && rest.length === 0) {
  if (argument !== undefined && argument !== `v${current}`)
    end(1, `expected the tag v${current}, found ${argument}`);
  const found = problems(texts, project, { released: argument !== undefined });
  if (found.length > 0) end(1, ...found);
} else if (command === 'notes' && argument === undefined) {
  process.stdout.write(`${changelogSection(texts.get('CHANGELOG.md'), current)?.text ?? ''}\n`);
} else {
  end(2, 'expected set VERSION [DATE], project, check [TAG] or notes; see packaging/RELEASING.md');
}
