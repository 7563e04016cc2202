import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { manual } from '../../../packaging/manual/manual.ts';
import { pages } from '../../../packaging/manual/pages.ts';
import { factsOf, policyKeysOf } from '../../../packaging/manual/policy-keys.ts';
import { findings, metrics, states } from '../../../packaging/manual/reports.ts';
import { verbatim } from '../../../packaging/manual/roff.ts';
import { examples, nameForms, policyExample } from '../../../packaging/manual/words.ts';
import { parseCommandLine } from '../../../src/cli/args.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { commandStatuses, exitStatuses } from '../../../src/cli/exit-statuses.ts';
import { overview } from '../../../src/cli/help.ts';
import { parseDeviceName } from '../../../src/devices/device-name.ts';
import { factReaders } from '../../../src/devices/facts.ts';
import { readDocument } from '../../../src/policy/document.ts';
import schema from '../../../src/policy/policy.schema.json' with { type: 'json' };
import { usage } from '../../../src/vfio-id/args.ts';
import { propertyOf } from '../../../src/vfio-id/export.ts';
import { templates } from '../../support/templates.ts';

const files = manual(templates, '2026-01-02');

function page(name: string): string {
  return files.get(`man/${name}`) ?? '';
}

/** The text of a page on one line, without fonts, escapes and macros. */
function prose(name: string): string {
  return plain(page(name));
}

function plain(roffText: string): string {
  return roffText
    .replace(/^\.(?:B|BR|I) (.*)$/gm, '$1')
    .replace(/\\f[BIR]/g, '')
    .replace(/\\\(aq/g, "'")
    .replace(/\\\(dq/g, '"')
    .replace(/\\\((?:ha|ti|ga)/g, '')
    .replace(/\\-/g, '-')
    .replace(/\\e/g, '\\')
    .replace(/\s+/g, ' ');
}

/** The section of vfio-names.1 with this heading, `.SH JSON` or `.SS rules render`, on one line. */
function section(heading: string): string {
  const [macro = ''] = heading.split(' ');
  const end = macro === '.SS' ? '\\.S[SH] ' : '\\.SH ';
  const start = new RegExp(`^${verbatim(heading).replace(/^\\&/, '').replace(/[.\\]/g, '\\$&')}$`, 'm');
  const from = page('vfio-names.1').search(start);
  if (from < 0) throw new Error(`expected the section ${heading} in vfio-names.1, found none`);
  const text = page('vfio-names.1').slice(from + 1);
  const length = text.search(new RegExp(`^${end}`, 'm'));
  return plain(length < 0 ? text : text.slice(0, length));
}

test('the manual has a page for the program, the policy, vfio_id and the service', (t) => {
  t.deepEqual(
    [...files.keys()].filter((path) => path.startsWith('man/')).sort(),
    ['vfio-names.1', 'vfio-names.service.8', 'vfio-names.toml.5', 'vfio_id.8'].map((name) => `man/${name}`),
  );
});

test('every page has its name, section, version, date and summary', (t) => {
  for (const [path, text] of files) {
    if (!path.startsWith('man/')) continue;
    const [, name = '', section = ''] = /^man\/(.*)\.(\d)$/.exec(path) ?? [];
    t.true(text.includes(`\n.TH ${verbatim(name)} ${section} 2026-01-02 "vfio\\-names `), path);
    t.true(text.includes(`.SH NAME\n${verbatim(name)} \\- `), path);
    t.notRegex(text, /undefined|\[object|\{\{#|\{\{>/, path);
  }
});

test('vfio-names.1 has a section for each command, in the order of the help, and every common option', (t) => {
  t.deepEqual(
    [...page('vfio-names.1').matchAll(/^\.SS (.*)$/gm)].map(([, name]) => name),
    commands.map((command) => command.name),
  );
  for (const [option, { help, short, placeholder }] of Object.entries(commonOptions))
    t.true(section('.SH OPTIONS').includes(`.TP ${term(option, short, placeholder)} ${help}`), option);
});

/** `-p, --policy FILE`. */
function term(option: string, short?: string, placeholder?: string): string {
  return `${short ? `-${short}, ` : ''}--${option}${placeholder ? ` ${placeholder}` : ''}`;
}

for (const command of commands)
  test(`vfio-names.1 has summary, operands, options, choices, details and examples of ${command.name}`, (t) => {
    const text = section(`.SS ${command.name}`);
    const { summary } = command;
    t.true(text.includes(`.PP ${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`));
    t.true(text.includes(`vfio-names ${command.name} [OPTION...]`));
    if (command.operands) t.true(text.includes(`[OPTION...] ${command.operands.label}`));
    if (command.commandArgs !== undefined) t.true(text.includes(`-- ${command.commandArgs}`));
    for (const [option, { help, short, placeholder, choices }] of Object.entries(command.options ?? {})) {
      t.true(text.includes(`.TP ${term(option, short, placeholder)} ${help}`), option);
      if (choices) t.true(text.includes(`${help} (${choices.join(', ')})`), option);
    }
    for (const [status, meaning] of commandStatuses[command.name] ?? [])
      t.true(text.includes(`.TP ${status} ${meaning}`), meaning);
    for (const detail of command.details ?? []) t.true(text.includes(detail.trim()), detail);
    for (const [line, meaning] of examples[command.name] ?? [])
      t.true(text.includes(`.PP ${meaning} .PP .RS 4 .nf ${line} .fi .RE`), line);
    t.is(text.includes('NAMES OF DEVICES'), command.operands?.label.includes('NAME') ?? false);
  });

test('vfio-names.1 has the exit statuses and the forms of NAME', (t) => {
  for (const [status, meaning] of exitStatuses)
    t.true(section('.SH EXIT STATUS').includes(`.TP ${status} ${meaning}`), meaning);
  for (const [form, meaning] of nameForms)
    t.true(section('.SH NAMES OF DEVICES').includes(`.TP ${form} ${meaning}`), form);
});

test('vfio-names.1 has every state, finding and metric', (t) => {
  for (const [title, list] of [
    ['STATES OF DEVICES', states],
    ['FINDINGS', findings],
    ['METRICS', metrics],
  ] as const) {
    t.true(list.length >= 10, title);
    for (const [term, meaning] of list)
      t.true(section(`.SH ${title}`).includes(`.TP ${term} ${meaning}`), term);
  }
});

test('exit statuses and forms of NAME are the same as in the help', (t) => {
  const help = overview(commands, commonOptions).replace(/\s+/g, ' ');
  t.true(help.includes(`Exit status: ${exitStatuses.flat().join(' ')} `));
  t.deepEqual(
    nameForms.map(([form]) => parseDeviceName(form).kind),
    ['name', 'name', 'qualified', 'sysname', 'devnum', 'group', 'name', 'link'],
  );
  for (const [form] of nameForms.slice(0, -1)) t.true(help.includes(form.replace(/^.*\+/, 'NAME+')), form);
});

test('every example in the manual is a valid command line of its command', (t) => {
  for (const [name, lines] of Object.entries(examples))
    for (const [line] of lines) {
      const [program, ...args] = line.split(' ');
      t.is(program, 'vfio-names');
      const parsed = parseCommandLine(args, commands, commonOptions, { env: {}, stdoutIsTty: false });
      t.is(parsed.kind === 'run' ? parsed.invocation.command.name : undefined, name, line);
    }
});

test('vfio-names.toml.5 describes exactly the keys of the schema', (t) => {
  const keys = policyKeysOf(schema);
  t.true(keys.length > 25);
  for (const { key, table, isTable, path, meaning } of keys) {
    const title = isTable ? `.SS ${table}` : `.TP ${key}`;
    t.true(prose('vfio-names.toml.5').includes(`${title} ${meaning}`), path);
  }
  for (const [fact, meaning] of factsOf(schema))
    t.true(prose('vfio-names.toml.5').includes(`.TP ${fact} ${meaning}`), fact);
});

test('pages throws if a policy key has no description', (t) => {
  const sources = { commands, common: commonOptions, templates, version: '1', date: '2026-01-02' };
  const error = t.throws(() => pages({ ...sources, schema: { properties: { strange: {} } } }));
  t.regex(error?.message ?? '', /does not say what the key strange means/);
});

test('the example policy of the manual is valid', (t) => {
  t.false('errors' in readDocument({ file: 'example.toml', text: policyExample }));
});

test('vfio_id.8 has the usage and the facts with their properties', (t) => {
  for (const line of usage.trimEnd().split('\n'))
    t.true(prose('vfio_id.8').includes(line.replace(/^(?:Usage:)?\s+/, '')), line);
  for (const [fact] of factsOf(schema)) {
    t.true(prose('vfio_id.8').includes(`.TP ${fact}, ${propertyOf(fact)}`), fact);
    t.true(Object.hasOwn(factReaders, fact), fact);
  }
});

test('generate-manual.mjs writes all pages and removes pages that no longer exist', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-manual-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'man'));
  writeFileSync(join(directory, 'man/vfio-names-gone.1'), '');
  execFileSync(process.execPath, ['packaging/npm/generate-manual.mjs', directory], {
    cwd: resolve(import.meta.dirname, '../../..'),
    env: { ...process.env, SOURCE_DATE_EPOCH: String(Date.UTC(2026, 0, 2) / 1000) },
  });
  const undated = (text: string): string => text.replace(/^(\.TH \S+ \d) \S+/m, '$1');
  for (const [path, text] of files)
    t.is(undated(readFileSync(join(directory, path), 'utf8')), undated(text), path);
  t.throws(() => readFileSync(join(directory, 'man/vfio-names-gone.1')), { code: 'ENOENT' });
});

test('npm installs every man page', (t) => {
  const { man } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
    readonly man: readonly string[];
  };
  const built = [...files.keys()].filter((path) => path.startsWith('man/'));
  t.deepEqual([...man].sort(), built.map((path) => `dist/${path}`).sort());
});
