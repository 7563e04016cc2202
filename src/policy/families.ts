/** The built-in families of names; each family is a predefined [[link]] rule. */

import type { FactName } from '../devices/types.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { Family, LinkRule, Match, NamePart, SourceLocation } from './policy.ts';

interface Shape {
  readonly match: Match;
  readonly template: readonly NamePart[];
}

const onPci: Match = [{ fact: 'bus', negate: false, patterns: ['pci'] }];

const fact = (name: FactName): NamePart => ({ fact: name });
const text = (fixed: string): NamePart => ({ text: fixed });

/**
 * by-tag has no colon and no dot, like udev's ID_PATH_TAG: `pci-0000_01_00_0`. by-slot and by-serial add the function,
 * because the functions of a card share its slot and usually its serial number.
 */
const shapes: Readonly<Record<Exclude<Family, 'by-alias'>, Shape>> = {
  'by-tag': {
    match: [],
    template: [
      text('by-tag/'),
      fact('bus'),
      text('-'),
      {
        fact: 'name',
        apply: [
          { transform: 'replace', from: ':', to: '_' },
          { transform: 'replace', from: '.', to: '_' },
        ],
      },
    ],
  },
  'by-path': { match: onPci, template: [text('by-path/'), fact('path')] },
  'by-sriov': { match: onPci, template: [text('by-sriov/'), fact('pf'), text('/vf'), fact('vf')] },
  'by-group': {
    match: [],
    template: [text('by-group/'), fact('group'), text('/'), fact('bus'), text('-'), fact('name')],
  },
  'by-slot': { match: onPci, template: [text('by-slot/'), fact('slot'), text('.'), fact('function')] },
  'by-serial': { match: onPci, template: [text('by-serial/'), fact('serial'), text('.'), fact('function')] },
};

/** The families that a boolean in [names] enables. */
export const booleanFamilies = Object.keys(shapes) as readonly Exclude<Family, 'by-alias'>[];

/** Returns the rule of an enabled family. */
export function familyRule(family: Exclude<Family, 'by-alias'>, source: SourceLocation): LinkRule {
  return { ...shapes[family], priority: 0, family, source };
}

/** Returns the rule of one entry of by-alias, which names the device that matches. The caller must have checked `alias`. */
export function aliasRule(alias: string, match: Match, source: SourceLocation): LinkRule {
  return { match, template: [text(`by-alias/${alias}`)], priority: 0, family: 'by-alias', source };
}

/**
 * Returns one warning for each name of a [[link]] in the directory of a family, which could give the same name to another device.
 * A rule with the name of the family itself, for some devices only, is right there.
 */
export function familyDirectoryWarnings(links: readonly LinkRule[]): Diagnostic[] {
  return links.flatMap(({ family, template, source }) => {
    const [first] = template;
    if (family !== undefined || first === undefined || !('text' in first)) return [];
    const own = booleanFamilies.find((name) => first.text.startsWith(`${name}/`));
    if (own === undefined || JSON.stringify(template) === JSON.stringify(shapes[own].template)) return [];
    return [
      {
        source,
        key: 'link',
        message: `${own}/ is the directory of the family ${own} in [names], whose names differ from this one`,
        hint: `choose a directory of your own, such as ${own.replace('by-', 'by-my-')}/`,
      },
    ];
  });
}
