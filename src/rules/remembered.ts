/**
 * What vfio_id said of a device at an earlier event, taken from udev's database: it counts where sysfs still says so, and
 * takes no program. Pure; knows nothing of policies.
 *
 * udev drops what it knows of a device when the device goes; a removal that it did not see leaves the old device's facts
 * to the next one of the same number. So each fact has a path that is there only where it is true of this very vfioN.
 */
import type { FactName } from '../devices/device.ts';
import { type Keys, lineText } from './line.ts';
import { propertyOf, udevFacts } from './udev-facts.ts';
import { fileTest, imported } from './udev-match.ts';

/** Facts that one path proves. */
interface Proof {
  readonly facts: readonly FactName[];
  /** The devices that have them; finds the device itself as the parent. */
  readonly where: Keys;
  readonly path: string;
  /** Facts that have to be proved, too, since these come of them. */
  readonly rests?: readonly FactName[];
}

const read = (fact: FactName): string => `$env{${propertyOf(fact)}}`;

const own = (bus: string): Keys => [`SUBSYSTEMS=="${bus}"`, fileTest(bus, 'vfio-dev/$kernel')];

/** The device's directory has no other path: what is read from the path alone is as true as it. */
const sameDirectory = `${read('syspath')}/vfio-dev/$kernel`;

/** Every device has a group: the first proof, and the one that all the others come after. */
const group: Proof = {
  facts: ['group'],
  where: ['SUBSYSTEMS!="vfio-dev"'],
  path: `/sys/kernel/iommu_groups/${read('group')}/devices/$id/vfio-dev/$kernel`,
};

const others: readonly Proof[] = [
  {
    facts: ['pf', 'vf'],
    where: [...own('pci'), fileTest('pci', 'physfn')],
    path: `/sys/bus/pci/devices/${read('pf')}/virtfn${read('vf')}/vfio-dev/$kernel`,
  },
  { facts: ['path', 'syspath'], where: own('pci'), path: sameDirectory, rests: ['pf', 'vf'] },
  { facts: ['function', 'syspath'], where: own('pci'), path: sameDirectory },
  { facts: ['mdevParent', 'syspath'], where: own('mdev'), path: sameDirectory },
];

export interface Remembered {
  /** The facts to ask vfio_id for: those wanted, and what proves them later. */
  readonly facts: readonly FactName[];
  /** To stand after the lines that want vfio_id: a device of which all is proved does not want it any more. */
  readonly lines: readonly string[];
}

/** `undefined` where a fact can change while the node is there, or no path proves it: that takes the program each time. */
export function remember(wanted: readonly FactName[]): Remembered | undefined {
  const proves = (proof: Proof, facts: readonly FactName[]): boolean =>
    proof.facts.some((fact) => facts.includes(fact));
  if (!wanted.every((fact) => [group, ...others].some((proof) => proves(proof, [fact])))) return undefined;
  const direct = others.filter((proof) => proves(proof, wanted));
  const rows = others.filter((proof) =>
    proves(proof, [...wanted, ...direct.flatMap(({ rests }) => rests ?? [])]),
  );
  const known = [group, ...rows].flatMap((proof) => proof.facts);
  const facts = (Object.keys(udevFacts) as FactName[]).filter((fact) => known.includes(fact));
  return {
    facts,
    lines: [
      ...prove('want', group),
      ...rows.flatMap((proof) => {
        const state = `prove ${proof.facts[0]}`;
        const begin = [`${imported}=="yes"`, ...proof.where, `${imported}="${state}"`];
        return [lineText(begin), ...prove(state, proof)];
      }),
      lineText([
        `${imported}=="want|prove *"`,
        ...facts.map((fact) => `ENV{${propertyOf(fact)}}=""`),
        `${imported}="want"`,
      ]),
    ],
  };
}

/** From `state` to `yes`. Two lines: in one, udev would look for the path before it imports (sort_tokens in udev-rules.c). */
function prove(state: string, { facts, where, path }: Proof): string[] {
  const stands = `${imported}=="${state}"`;
  const imports = facts.map((fact) => `IMPORT{db}="${propertyOf(fact)}"`);
  const present = facts.map((fact) => `ENV{${propertyOf(fact)}}=="?*"`);
  return [
    lineText([stands, ...imports]),
    lineText([stands, ...where, ...present, `TEST=="${path}"`, `${imported}="yes"`]),
  ];
}
