/** Facts cached from an earlier event, and their confirmation by sysfs. */
import test from 'ava';
import type { FactName } from '../../src/devices/device.ts';
import { familyRule } from '../../src/names/families.ts';
import { compileUdev } from '../../src/rules/compile.ts';
import { cachedFacts } from '../../src/rules/remembered.ts';
import { renderRules } from '../../src/rules/render.ts';
import { factProperty, udevFacts } from '../../src/rules/udev-facts.ts';
import { golden } from './golden.ts';
import { policyOf, source } from './policies.ts';

const families = (...names: readonly Parameters<typeof familyRule>[0][]) =>
  policyOf({ links: names.map((name) => familyRule(name, source)) });

test('cached facts of by-sriov, by-path and by-group are confirmed by sysfs before vfio_id runs', (t) => {
  golden(t, 'remembered.udev', renderRules('udev', families('by-sriov', 'by-path', 'by-group')));
});

test('cached facts include the facts that confirm them', (t) => {
  t.deepEqual(cachedFacts(['group'])?.facts, ['group']);
  t.deepEqual(cachedFacts(['vf'])?.facts, ['group', 'pf', 'vf']);
  t.deepEqual(cachedFacts(['path'])?.facts, ['syspath', 'group', 'pf', 'vf', 'path']);
  t.deepEqual(cachedFacts(['function'])?.facts, ['syspath', 'group', 'function']);
  t.deepEqual(cachedFacts(['mdevParent'])?.facts, ['syspath', 'group', 'mdevParent']);
});

for (const fact of ['serial', 'slot', 'label', 'mdevType', 'groupNode'] as const)
  test(`${fact} is not cached, nor are facts requested together with it`, (t) => {
    t.is(cachedFacts([fact]), undefined);
    t.is(cachedFacts(['group', fact]), undefined);
  });

const sets: readonly (readonly FactName[])[] = [
  ['group'],
  ['pf', 'vf'],
  ['path'],
  ['function', 'path'],
  ['group', 'mdevParent', 'pf'],
];

for (const wanted of sets) {
  const { facts = [], lines = [] } = cachedFacts(wanted) ?? {};
  const confirmations = lines.filter((line) => line.endsWith('ENV{.VFIO_NAMES}="yes"'));

  test(`cached ${wanted}: each fact is imported, required if confirmed, and cleared otherwise`, (t) => {
    for (const property of facts.map(factProperty)) {
      t.true(lines.some((line) => line.includes(`IMPORT{db}="${property}"`)));
      t.true(confirmations.some((line) => line.includes(`ENV{${property}}=="?*", `)));
      t.true(lines.at(-1)?.includes(`ENV{${property}}="", `));
    }
    t.regex(lines.at(-1) ?? '', /^ENV\{\.VFIO_NAMES\}=="want\|prove \*", .*, ENV\{\.VFIO_NAMES\}="want"$/);
  });

  test(`cached ${wanted}: no line tests a fact that it imports, since udev tests first`, (t) => {
    t.deepEqual(
      lines.filter((line) => line.includes('IMPORT{db}') && line.includes('TEST==')),
      [],
    );
    t.true(
      confirmations.length > 0 && confirmations.every((line) => /TEST=="[^"]*\$env\{ID_VFIO_/.test(line)),
    );
  });
}

test('a name that only vfio_id can build is requested at each event', (t) => {
  const { helper } = compileUdev(families('by-group'), undefined, 'import');
  t.true(helper.length > 0);
  t.false(helper.some((line) => line.includes('IMPORT{db}')));
});

test('a fact of vfio_id is cached only if sysfs confirms it', (t) => {
  const imported = (Object.keys(udevFacts) as FactName[]).filter((fact) => udevFacts[fact].kind === 'import');
  const confirmed = imported.filter((fact) => cachedFacts([fact]) !== undefined);
  t.deepEqual(confirmed, ['group', 'pf', 'vf', 'path', 'mdevParent']);
});
