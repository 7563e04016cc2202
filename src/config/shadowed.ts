/** Finds rules that have no effect because another rule sets the same for the same devices. */
import { matchCovers } from '../names/match-compare.ts';
import type { Diagnostic } from './mistake.ts';
import type { AccessRule, LinkRule, Policy, SourceLocation } from './policy.ts';

/** Returns one warning for each rule without effect. */
export function findShadowedRules(policy: Policy): Diagnostic[] {
  return [...shadowedLinks(policy.links), ...shadowedAccess(policy.access)];
}

/** Finds names that another rule gives to at least the same devices, with the same or a higher priority. */
function shadowedLinks(links: readonly LinkRule[]): Diagnostic[] {
  const byName = new Map<string, LinkRule[]>();
  for (const rule of links) {
    const key = JSON.stringify(rule.name);
    byName.set(key, [...(byName.get(key) ?? []), rule]);
  }
  return [...byName.values()].flatMap((sameName) =>
    sameName.flatMap((rule, index) => {
      const covering = sameName.find((other, location) => {
        if (other === rule || other.priority < rule.priority || !matchCovers(other.match, rule.match))
          return false;
        const same = other.priority === rule.priority && matchCovers(rule.match, other.match);
        return !same || location < index;
      });
      return covering === undefined || rule.family !== undefined
        ? []
        : [
            warning(
              rule.source,
              'link',
              `never needed: ${location(covering.source)} gives the same name to the same devices`,
            ),
          ];
    }),
  );
}

/** Finds rules of which a later rule sets every key, for at least the same devices. */
function shadowedAccess(access: readonly AccessRule[]): Diagnostic[] {
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
            `never holds: ${location(later.source)} comes later and sets the same for these devices`,
          ),
        ];
  });
}

function warning(source: SourceLocation, key: string, message: string): Diagnostic {
  return { source, key, message };
}

function location(source: SourceLocation): string {
  return `${source.file}:${source.line}`;
}
