/** Generates the man pages from the command table, the policy's schema and the usage of vfio_id. */
import type { Command, Option } from '../../src/cli/command.ts';
import { commandStatuses, exitStatuses } from '../../src/cli/exit-statuses.ts';
import { aliasSentence, isLiteral, synopsis } from '../../src/cli/help.ts';
import { environmentVariables as helperEnvironment, usage as helperUsage } from '../../src/vfio-id/args.ts';
import { propertyOf } from '../../src/vfio-id/export.ts';
import { fillTemplate, type Templates } from './fill.ts';
import { factsOf, policyKeysOf, type Schema } from './policy-keys.ts';
import { findings, metrics, states } from './reports.ts';
import { bold, italic, operandsOf } from './roff.ts';
import { environment, examples, files, jsonKeys, nameForms, policyExample } from './words.ts';

export interface Sources {
  readonly commands: readonly Command[];
  readonly common: Readonly<Record<string, Option>>;
  readonly schema: Schema;
  readonly templates: Templates;
  readonly version: string;
  /** Date of the pages, YYYY-MM-DD. */
  readonly date: string;
}

/** All pages by file name: `vfio-names.1` with a section per command, `vfio-names.toml.5`, ... */
export function pages(sources: Sources): ReadonlyMap<string, string> {
  const { templates, version, date } = sources;
  const page = (name: string, section: number, template: string, values: object): [string, string] => [
    `${name}.${section}`,
    fillTemplate(templates, `manual/${template}`, { name, section, version, date, ...values }),
  ];
  return new Map([
    page('vfio-names', 1, 'vfio-names', {
      commands: sources.commands.map(commandView),
      common: optionViews(sources.common),
      nameForms: pairs(nameForms),
      exitStatuses: pairs(exitStatuses),
      states: pairs(states),
      findings: pairs(findings),
      metrics: pairs(metrics),
      jsonKeys: pairs(jsonKeys),
      environment: pairs(environment),
      files: pairs(files),
    }),
    page('vfio-names.toml', 5, 'policy', policyView(sources.schema)),
    page('vfio_id', 8, 'vfio_id', {
      usage: helperUsage
        .trimEnd()
        .replace(/^Usage: {1,}/, '')
        .replace(/^ {7}/gm, ''),
      variables: helperEnvironment.join(', '),
      facts: factsOf(sources.schema).map(([fact, meaning]) => ({
        fact,
        meaning,
        property: propertyOf(fact),
      })),
    }),
    page('vfio-names.service', 8, 'service', {}),
  ]);
}

interface Pair {
  readonly term: string;
  readonly meaning: string;
}

function pairs(list: readonly (readonly [string | number, string])[]): Pair[] {
  return list.map(([term, meaning]) => ({ term: String(term), meaning }));
}

function commandView(command: Command): object {
  const takesNames = command.operands?.label.includes('NAME') ?? false;
  return {
    command: command.name,
    // The synopsis of the help, with bold and italic.
    synopsis: synopsisView(command),
    sentence: `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    details: (command.details ?? []).map((text) => ({ text: text.trim(), literal: isLiteral(text) })),
    options: optionViews(command.options ?? {}),
    takesNames,
    aliasSentence: aliasSentence(command),
    statuses: pairs(commandStatuses[command.name] ?? []),
    examples: pairs(examples[command.name] ?? []),
  };
}

function synopsisView(command: Command): string {
  const literal = `vfio-names ${command.name}`;
  return `${bold(literal)}${operandsOf(synopsis(command).slice(literal.length))}`;
}

interface OptionView {
  readonly term: string;
  readonly help: string;
}

function optionViews(options: Readonly<Record<string, Option>>): OptionView[] {
  return Object.entries(options).map(([name, option]) => {
    const short = option.short ? `${bold(`-${option.short}`)}, ` : '';
    const value = option.placeholder ? ` ${italic(option.placeholder)}` : '';
    const choices = option.choices ? ` (${option.choices.join(', ')})` : '';
    return { term: `${short}${bold(`--${name}`)}${value}`, help: `${option.help}${choices}` };
  });
}

/** Throws if the schema does not say what a key means. */
function policyView(schema: Schema): object {
  const keys = policyKeysOf(schema).map(({ path, key, table, isTable, meaning }) => {
    if (meaning === undefined) throw new Error(`policy.schema.json does not say what the key ${path} means`);
    return { title: isTable ? (table ?? '') : key, meaning, isTable };
  });
  return { keys, facts: pairs(factsOf(schema)), example: policyExample.trimEnd() };
}
