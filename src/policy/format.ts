/** Formats a policy as TOML that can be parsed again; a comment at each part names the file and line that it comes from. */
import { jsonText, printable } from '../text/printable.ts';
import type { BuildResult } from './build.ts';
import type { Access, Condition, Match, NamePart, SourceLocation, Transform } from './policy.ts';

/** Returns the effective policy as one TOML document. */
export function formatPolicy({ policy, settings }: Pick<BuildResult, 'policy' | 'settings'>): string {
  const scheme = settings.find((setting) => setting.key === 'scheme');
  const families = settings.filter((setting) => /^names\.(?!by-alias\.)/.test(setting.key));
  const blocks = [
    [`scheme = ${policy.scheme}  # ${scheme ? location(scheme.source) : 'default'}`],
    families.length === 0
      ? []
      : [
          '[names]',
          ...families.map(
            ({ key, value, source }) =>
              `${key.slice(6)} = ${/^(true|false)$/.test(value) ? value : tomlText(value)}  # ${location(source)}`,
          ),
        ],
    aliases(policy.linkRules),
    ...policy.linkRules.flatMap((rule) =>
      rule.family === undefined
        ? [
            [
              `# ${location(rule.source)}`,
              '[[link]]',
              ...matchLine(rule.match),
              `name = ${tomlText(formatName(rule.template))}`,
              ...(rule.priority === 0 ? [] : [`priority = ${rule.priority}`]),
            ],
          ]
        : [],
    ),
    ...policy.accessRules.map((rule) => [
      `# ${location(rule.source)}`,
      '[[access]]',
      ...matchLine(rule.match),
      ...accessLines(rule),
    ]),
    ...policy.bindRules.map(({ match, driver, source }) => [
      `# ${location(source)}`,
      '[[bind]]',
      ...matchLine(match),
      `driver = ${tomlText(driver)}`,
    ]),
    policy.iommu ? [`# ${location(policy.iommu.source)}`, '[iommu]', ...accessLines(policy.iommu)] : [],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function aliases(links: BuildResult['policy']['linkRules']): string[] {
  const rules = links.filter((rule) => rule.family === 'by-alias');
  if (rules.length === 0) return [];
  const lines = rules.map((rule) => {
    const name = formatName(rule.template).slice('by-alias/'.length);
    return `${tomlText(name)} = ${formatMatch(rule.match)}  # ${location(rule.source)}`;
  });
  return ['[names.by-alias]', ...lines];
}

function location({ file, line }: SourceLocation): string {
  return `${printable(file)}:${line}`;
}

function matchLine(match: Match): string[] {
  return match.length === 0 ? [] : [`match = ${formatMatch(match)}`];
}

/** Returns a match as an inline table: `{ bus = "pci", not = { driver = "x" } }`. */
function formatMatch(match: Match): string {
  const pairs = match.filter((condition) => !condition.negate).map(pair);
  const negated = match.filter((condition) => condition.negate).map(pair);
  if (negated.length > 0) pairs.push(`not = { ${negated.join(', ')} }`);
  return `{ ${pairs.join(', ')} }`;
}

function pair({ fact, patterns }: Condition): string {
  const texts = patterns.map(tomlText);
  return `${fact} = ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`;
}

function accessLines(access: Access): string[] {
  const values = { owner: access.owner, group: access.fileGroup, mode: access.mode };
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${tomlText(value)}`],
  );
}

/** Returns the template of a name: `by-sriov/{{pf}}/vf{{pad vf 3}}`. */
function formatName(parts: readonly NamePart[]): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const inner = (part.apply ?? []).reduce<string>(
        (within, transform, index) => call(transform, index === 0 ? within : `(${within})`),
        part.fact,
      );
      return `{{${inner}}}`;
    })
    .join('');
}

function call(transform: Transform, subject: string): string {
  if (transform.transform === 'lower') return `lower ${subject}`;
  if (transform.transform === 'pad') return `pad ${subject} ${transform.width}`;
  return `replace ${subject} "${transform.from}" "${transform.to}"`;
}

/** Quotes a TOML basic string. TOML accepts JSON's escapes, but writes a surrogate pair as one `\UNNNNNNNN`. */
function tomlText(text: string): string {
  return jsonText(text).replace(
    /\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/g,
    (_, high: string, low: string) => {
      const code = (Number.parseInt(high, 16) - 0xd800) * 0x400 + Number.parseInt(low, 16) - 0xdc00 + 0x10000;
      return `\\U${code.toString(16).padStart(8, '0')}`;
    },
  );
}
