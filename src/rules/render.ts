/** The text of rules for each target, from the templates. Knows nothing of where the text goes. */
import Handlebars from 'handlebars';
import type { Access, Policy } from '../config/policy.ts';
import { iommuAccess } from '../names/policy-access.ts';
import { compile } from './compile.ts';
import { compileMdev } from './mdev.ts';
import { templates } from './templates.gen.ts';
import type { Via } from './via.ts';

export const targets = ['udev', 'mdev', 'mdevd'] as const;

export type Target = (typeof targets)[number];

/**
 * The rules of a policy for a target; `iommu` is what holds for /dev/iommu. Throws a VfioNamesError (status 2) for what
 * the target can't express. `via` is udev's alone. The lines come quoted; the templates add nothing that depends on a policy.
 */
export function render(
  target: Target,
  policy: Policy,
  iommu: Access | undefined = iommuAccess(policy),
  via: Via = 'native',
): string {
  return target === 'udev'
    ? fill('70-vfio-names.rules', compile(policy, iommu, via))
    : fill(target === 'mdev' ? 'mdev.conf' : 'mdevd.conf', compileMdev(policy, iommu));
}

type Template = keyof typeof templates;

const filled = new Map<Template, (values: object) => string>();

function fill(template: Template, values: object): string {
  const known = filled.get(template);
  if (known) return known(values);
  filled.set(template, Handlebars.compile<object>(templates[template], { strict: true, noEscape: true }));
  return fill(template, values);
}
