/** Facts of an earlier event, and what proves them. */
import test from 'ava';
import type { FactName } from '../../src/devices/device.ts';
import { familyRule } from '../../src/names/families.ts';
import { compile } from '../../src/rules/compile.ts';
import { remember } from '../../src/rules/remembered.ts';
import { render } from '../../src/rules/render.ts';
import { propertyOf, udevFacts } from '../../src/rules/udev-facts.ts';
import { golden } from './golden.ts';
import { policyOf, source } from './policies.ts';

const families = (...names: readonly Parameters<typeof familyRule>[0][]) =>
  policyOf({ links: names.map((name) => familyRule(name, source)) });

test('names by index, path and group are proved by sysfs before vfio_id is asked', (t) => {
  golden(t, 'remembered.udev', render('udev', families('by-sriov', 'by-path', 'by-group')));
});

test('what proves a fact is asked for with it', (t) => {
  t.deepEqual(remember(['group'])?.facts, ['group']);
  t.deepEqual(remember(['vf'])?.facts, ['group', 'pf', 'vf']);
  t.deepEqual(remember(['path'])?.facts, ['syspath', 'group', 'pf', 'vf', 'path']);
  t.deepEqual(remember(['function'])?.facts, ['syspath', 'group', 'function']);
  t.deepEqual(remember(['mdevParent'])?.facts, ['syspath', 'group', 'mdevParent']);
});

for (const fact of ['serial', 'slot', 'label', 'mdevType', 'groupNode'] as const)
  test(`${fact} is not remembered, nor is anything beside it`, (t) => {
    t.is(remember([fact]), undefined);
    t.is(remember(['group', fact]), undefined);
  });

const sets: readonly (readonly FactName[])[] = [
  ['group'],
  ['pf', 'vf'],
  ['path'],
  ['function', 'path'],
  ['group', 'mdevParent', 'pf'],
];

for (const wanted of sets) {
  const { facts = [], lines = [] } = remember(wanted) ?? {};
  const proofs = lines.filter((line) => line.endsWith('ENV{.VFIO_NAMES}="yes"'));

  test(`${wanted}: each fact is imported, required where it is proved, and cleared where it is not`, (t) => {
    for (const property of facts.map(propertyOf)) {
      t.true(lines.some((line) => line.includes(`IMPORT{db}="${property}"`)));
      t.true(proofs.some((line) => line.includes(`ENV{${property}}=="?*", `)));
      t.true(lines.at(-1)?.includes(`ENV{${property}}="", `));
    }
    t.regex(lines.at(-1) ?? '', /^ENV\{\.VFIO_NAMES\}=="want\|prove \*", .*, ENV\{\.VFIO_NAMES\}="want"$/);
  });

  test(`${wanted}: no line tests what it imports itself, since udev would test first`, (t) => {
    t.deepEqual(
      lines.filter((line) => line.includes('IMPORT{db}') && line.includes('TEST==')),
      [],
    );
    t.true(proofs.length > 0 && proofs.every((line) => /TEST=="[^"]*\$env\{ID_VFIO_/.test(line)));
  });
}

test('a name that only vfio_id can make is asked for at each event', (t) => {
  const { helper } = compile(families('by-group'), undefined, 'import');
  t.true(helper.length > 0);
  t.false(helper.some((line) => line.includes('IMPORT{db}')));
});

test('each fact of vfio_id is either proved or never remembered', (t) => {
  const imported = (Object.keys(udevFacts) as FactName[]).filter((fact) => udevFacts[fact].kind === 'import');
  const proved = imported.filter((fact) => remember([fact]) !== undefined);
  t.deepEqual(proved, ['group', 'pf', 'vf', 'path', 'mdevParent']);
});
