/** Rules that can never win: whatever they say, another one says it for the same devices. Pure; sees no device. */
import { matchCovers } from '../names/match-compare.ts';
import type { Mistake } from './mistake.ts';
import type { AccessRule, LinkRule, Policy, Source } from './policy.ts';

/** One warning for each such rule. */
export function shadowedRules(policy: Policy): Mistake[] {
  return [...shadowedLinks(policy.links), ...shadowedAccess(policy.access)];
}

/** A name that another rule gives to the same devices and more, with the same priority or a higher one. */
function shadowedLinks(links: readonly LinkRule[]): Mistake[] {
  const byName = new Map<string, LinkRule[]>();
  for (const rule of links) {
    const key = JSON.stringify(rule.name);
    byName.set(key, [...(byName.get(key) ?? []), rule]);
  }
  return [...byName.values()].flatMap((rivals) =>
    rivals.flatMap((rule, index) => {
      const better = rivals.find((other, place) => {
        if (other === rule || other.priority < rule.priority || !matchCovers(other.match, rule.match))
          return false;
        const same = other.priority === rule.priority && matchCovers(rule.match, other.match);
        return !same || place < index;
      });
      return better === undefined || rule.family !== undefined
        ? []
        : [
            warning(
              rule.source,
              'link',
              `never needed: ${place(better.source)} gives the same name to the same devices`,
            ),
          ];
    }),
  );
}

/** Every key of the rule is set again by a later one for the same devices and more. */
function shadowedAccess(access: readonly AccessRule[]): Mistake[] {
  return access.flatMap((rule, index) => {
    const keys = (['owner', 'group', 'mode'] as const).filter((key) => rule[key] !== undefined);
    const later = access
      .slice(index + 1)
      .find((other) => keys.every((key) => other[key] !== undefined) && matchCovers(other.match, rule.match));
    return later === undefined
      ? []
      : [
          warning(
            rule.source,
            'access',
            `never holds: ${place(later.source)} comes later and sets the same for these devices`,
          ),
        ];
  });
}

function warning(source: Source, key: string, message: string): Mistake {
  return { source, key, message };
}

function place(source: Source): string {
  return `${source.file}:${source.line}`;
}
