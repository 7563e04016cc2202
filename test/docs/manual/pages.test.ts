import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { manual } from '../../../packaging/manual/manual.ts';
import { pageName, pages } from '../../../packaging/manual/pages.ts';
import { factsOf, policyKeysOf } from '../../../packaging/manual/policy-keys.ts';
import { bold, verbatim } from '../../../packaging/manual/roff.ts';
import {
  examples,
  exitStatuses,
  nameForms,
  policyExample,
  policyKeyTexts,
} from '../../../packaging/manual/words.ts';
import { parseCommandLine } from '../../../src/cli/args.ts';
import { commands, commonOptions } from '../../../src/cli/commands.ts';
import { overview } from '../../../src/cli/help.ts';
import { factReaders } from '../../../src/devices/facts.ts';
import { parseDeviceName } from '../../../src/devices/find.ts';
import { readDocument } from '../../../src/policy/parse.ts';
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
  return page(name)
    .replace(/^\.(?:B|BR|I) (.*)$/gm, '$1')
    .replace(/\\f[BIR]/g, '')
    .replace(/\\\(aq/g, "'")
    .replace(/\\\(dq/g, '"')
    .replace(/\\\((?:ha|ti|ga)/g, '')
    .replace(/\\-/g, '-')
    .replace(/\\e/g, '\\')
    .replace(/\s+/g, ' ');
}

test('the manual has a page for the program, each command, the policy, vfio_id and the service', (t) => {
  const expected = [
    'vfio-names.1',
    ...commands.map((command) => `${pageName(command)}.1`),
    ...['vfio-names.toml.5', 'vfio_id.8', 'vfio-names.service.8'],
  ];
  t.deepEqual(
    [...files.keys()].filter((path) => path.startsWith('man/')).sort(),
    expected.map((name) => `man/${name}`).sort(),
  );
});

test('every page has its name, section, version, date and summary', (t) => {
  for (const [path, text] of files) {
    if (!path.startsWith('man/')) continue;
    const [, name = '', section = ''] = /^man\/(.*)\.(\d)$/.exec(path) ?? [];
    t.true(text.includes(`\n.TH ${verbatim(name)} ${section} 2026-01-02 "vfio\\-names `), path);
    // The service has the name of its command as an alias.
    const alias = name === 'vfio-names.service' ? `, ${verbatim('vfio-names-watch.service')}` : '';
    t.true(text.includes(`.SH NAME\n${verbatim(name)}${alias} \\- `), path);
    t.notRegex(text, /undefined|\[object|\{\{#|\{\{>/, path);
  }
});

test('vfio-names.1 has every command and every common option', (t) => {
  for (const command of commands) {
    t.true(page('vfio-names.1').includes(bold(`vfio-names ${command.name}`)), command.name);
    t.true(page('vfio-names.1').includes(`.BR ${verbatim(pageName(command))} (1)`), command.name);
  }
  for (const [name, { help }] of Object.entries(commonOptions)) {
    t.true(page('vfio-names.1').includes(bold(`--${name}`)), name);
    t.true(prose('vfio-names.1').includes(help), name);
  }
});

for (const command of commands)
  test(`the page of ${command.name} has its summary, operands, options, choices, details and statuses`, (t) => {
    const name = `${pageName(command)}.1`;
    t.true(prose(name).includes(`${pageName(command)} - ${command.summary}`));
    if (command.operands) t.true(prose(name).includes(`[OPTION...] ${command.operands.label}`));
    if (command.commandArgs !== undefined) t.true(prose(name).includes(`-- ${command.commandArgs}`));
    for (const [option, { help, short, placeholder, choices }] of Object.entries({
      ...commonOptions,
      ...command.options,
    })) {
      const term = `${short ? `-${short}, ` : ''}--${option}${placeholder ? ` ${placeholder}` : ''}`;
      t.true(prose(name).includes(`.TP ${term} ${help}`), option);
      if (choices) t.true(prose(name).includes(`${help} (${choices.join(', ')})`), option);
    }
    for (const detail of command.details ?? []) t.true(prose(name).includes(detail.trim()), detail);
    for (const [status, meaning] of exitStatuses) t.true(prose(name).includes(`.TP ${status} ${meaning}`));
    t.is(prose(name).includes('NAMES OF DEVICES'), command.operands?.label.includes('NAME') ?? false);
  });

test('exit statuses and forms of NAME are the same as in the help', (t) => {
  const help = overview(commands, commonOptions).replace(/\s+/g, ' ');
  t.true(
    help.includes(
      `Exit status: ${exitStatuses.map(([status, meaning]) => `${status} ${meaning}`).join('; ')}.`,
    ),
  );
  t.deepEqual(
    nameForms.map(([form]) => parseDeviceName(form).kind),
    ['name', 'name', 'qualified', 'sysname', 'devnum', 'link'],
  );
  for (const [form] of nameForms.slice(0, -1)) t.true(help.includes(form), form);
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
  t.deepEqual(keys.map(({ path }) => path).sort(), Object.keys(policyKeyTexts).sort());
  for (const { key, table, isTable, path } of keys) {
    const title = isTable ? `.SS ${table}` : `.TP ${key}`;
    t.true(prose('vfio-names.toml.5').includes(`${title} ${policyKeyTexts[path]}`), path);
  }
  for (const [fact, meaning] of factsOf(schema))
    t.true(prose('vfio-names.toml.5').includes(`.TP ${fact} ${meaning}`), fact);
});

test('pages throws if a policy key has no description', (t) => {
  const sources = { commands, common: commonOptions, templates, version: '1', date: '2026-01-02' };
  const error = t.throws(() => pages({ ...sources, schema: { properties: { strange: {} } } }));
  t.regex(error?.message ?? '', /no words for the key strange/);
});

test('the example policy of the manual is valid', (t) => {
  t.false('mistakes' in readDocument({ file: 'example.toml', text: policyExample }));
});

test('vfio_id.8 has the usage and the facts with their properties', (t) => {
  for (const line of usage.trimEnd().split('\n'))
    t.true(prose('vfio_id.8').includes(line.replace(/^(?:Usage:)?\s+/, '')), line);
  for (const [fact] of factsOf(schema)) {
    t.true(prose('vfio_id.8').includes(`.TP ${fact}, ${propertyOf(fact)}`), fact);
    t.true(Object.hasOwn(factReaders, fact), fact);
  }
});

test('generate-manual.mjs writes all pages and removes pages of removed commands', (t) => {
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
