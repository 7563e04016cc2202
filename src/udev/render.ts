/** Renders the rules for each target from the templates. */
import Handlebars from 'handlebars';
import type { DriverAlias } from '../bind/driver-alias.ts';
import { iommuAccess } from '../policy/access.ts';
import type { Access, Policy } from '../policy/policy.ts';
import { compileBindRules } from './bind-rules.ts';
import { compileUdev } from './compile.ts';
import type { LinkMode } from './helper-call.ts';
import { compileMdev } from './mdev.ts';
import { templates } from './templates.gen.ts';

const ruleTargets = ['udev', 'mdev', 'mdevd'] as const;

export type RuleTarget = (typeof ruleTargets)[number];

/**
 * Renders the rules of a policy for a target; `iommu` is the access of /dev/iommu, and `via` applies to udev only. Throws
 * VfioNamesError `policy` (status 2) if the target cannot express the policy. The compiled lines are already quoted; the
 * templates add nothing that depends on a policy.
 */
export function renderRules(
  target: RuleTarget,
  policy: Policy,
  iommu: Access | undefined = iommuAccess(policy),
  via: LinkMode = 'native',
): string {
  return target === 'udev'
    ? fill('70-vfio-names.rules', compileUdev(policy, iommu, via))
    : fill(target === 'mdev' ? 'mdev.conf' : 'mdevd.conf', compileMdev(policy, iommu));
}

/**
 * Renders the udev rules of [[bind]]; `undefined` for a policy without such rules. `aliases` are the VFIO drivers of the kernel,
 * for `driver = "auto"`. Throws as renderRules() does.
 */
export function renderBindRules(policy: Policy, aliases: readonly DriverAlias[]): string | undefined {
  return policy.bindRules.length === 0
    ? undefined
    : fill('60-vfio-names-bind.rules', compileBindRules(policy, aliases));
}

type Template = keyof typeof templates;

const compiled = new Map<Template, (values: object) => string>();

function fill(template: Template, values: object): string {
  const known = compiled.get(template);
  if (known) return known(values);
  compiled.set(template, Handlebars.compile<object>(templates[template], { strict: true, noEscape: true }));
  return fill(template, values);
}
