/** The rules in which vfio_id prints the names (import) or creates the links (run). */
import test from 'ava';
import fc from 'fast-check';
import type { FactName } from '../../../src/devices/types.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import { booleanFamilies, familyRule } from '../../../src/policy/families.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { compileUdev } from '../../../src/udev/compile.ts';
import { factProperty, udevFacts } from '../../../src/udev/facts.ts';
import { cachedFacts } from '../../../src/udev/helper-call.ts';
import { renderRules } from '../../../src/udev/render.ts';
import { runCli } from '../../support/cli.ts';
import { fakeRoot } from '../../support/fake-root.ts';
import { golden } from '../../support/golden-rules.ts';
import { hostilePolicy } from '../../support/hostile-policies.ts';
import { link, policyOf, source, unless, when } from '../../support/policies.ts';

const families = policyOf({ linkRules: booleanFamilies.map((family) => familyRule(family, source)) });

for (const via of ['import', 'run'] as const)
  test(`rules render --via ${via} matches the golden file of the families`, (t) => {
    golden(t, `families.udev-${via}`, renderRules('udev', families, undefined, via));
  });

test('--via import requests only the name of the scheme from vfio_id for an empty policy', (t) => {
  const { names, helper, links } = compileUdev(defaultPolicy, undefined, 'import');
  t.deepEqual(names, []);
  t.is(helper[0], 'ENV{.VFIO_NAMES}="want"');
  t.true(helper[1]?.includes(`vfio_id --export --facts= --link '1={bus}/{name}' '$devpath'`));
  t.deepEqual(links, ['ENV{ID_VFIO_LINK_1}=="?*", SYMLINK+="vfio/$env{ID_VFIO_LINK_1}"']);
});

test('--via run creates and removes links with vfio_id, and imports only facts that a match needs', (t) => {
  const plain = compileUdev(defaultPolicy, undefined, 'run');
  t.deepEqual(plain.helper, []);
  t.true(plain.remove[0]?.endsWith('RUN+="/usr/lib/udev/vfio_id link remove"'));
  t.true(plain.run[0]?.includes('RUN+="/usr/lib/udev/vfio_id link add '));
  const rule = {
    ...link([when('bus', 'pci'), unless('group', '7')], 'by-x/$', { fact: 'pf' as const }),
    priority: 5,
  };
  const { helper, links } = compileUdev(policyOf({ linkRules: [rule] }), undefined, 'run');
  t.true(helper.at(-1)?.includes(`--export --facts=group '$devpath'`));
  t.true(links[0]?.endsWith(`ENV{ID_VFIO_GROUP}!="7", ENV{.VFIO_NAMES_LINKS}+="--link '1:5=by-x/_{pf}'"`));
});

test('--via run never uses SYMLINK, and --via import takes every name from vfio_id, for any policy', (t) => {
  fc.assert(
    fc.property(hostilePolicy, fc.constantFrom('import' as const, 'run' as const), (policy, via) => {
      try {
        const text = renderRules('udev', policy, undefined, via);
        const links = text.match(/SYMLINK\+?="[^"]*"/g) ?? [];
        const runs = text.match(/(?<=^|, )(RUN|PROGRAM)[^"]*"[^"]*"/gm) ?? [];
        const requests = text.match(/ENV\{\.VFIO_NAMES_LINKS\}[^"]*"[^"]*"/g) ?? [];
        if (
          !runs.every((text) =>
            /^RUN\+="\/usr\/lib\/udev\/vfio_id (link (remove|add \$env\{\.VFIO_NAMES_LINKS\})|group announce --auto( --always)? '\$(devpath|env\{SUBSYSTEM\}\/\$kernel)'|group link --auto( --link '\d+(:-?\d+)?=[^'"\s]+')* '(0|\$kernel)')"$/.test(
              text,
            ),
          )
        )
          return false;
        if (!requests.every((text) => /\+="--link '\d+(:-?\d+)?=[^'"\s]+'"$/.test(text))) return false;
        return via === 'run'
          ? links.length === 0
          : links.every((text) =>
              /^SYMLINK\+="(vfio\/\$env\{ID_VFIO_LINK_\d+\}|\$env\{ID_VFIO_GROUP_LINKS_\d+\})"$/.test(text),
            );
      } catch (error) {
        return error instanceof VfioNamesError && error.status === 2;
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('--via is rejected for targets other than udev', async (t) => {
  const root = fakeRoot(t);
  const args = ['rules', 'render', '--root', root.dir];
  t.regex((await runCli([...args, '--via', 'run'])).out, /vfio_id link remove/);
  t.is((await runCli([...args, '--via', 'native'])).out, (await runCli(args)).out);
  const { status, err } = await runCli([...args, '--target', 'mdev', '--via', 'run']);
  t.is(status, 2);
  t.regex(err[0] ?? '', /expected --via with the rules of udev alone, found --target mdev/);
});

const cachedFamilies = (...names: readonly Parameters<typeof familyRule>[0][]) =>
  policyOf({ linkRules: names.map((name) => familyRule(name, source)) });

test('cached facts of by-sriov, by-path and by-group are confirmed by sysfs before vfio_id runs', (t) => {
  golden(t, 'remembered.udev', renderRules('udev', cachedFamilies('by-sriov', 'by-path', 'by-group')));
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
  const { helper } = compileUdev(cachedFamilies('by-group'), undefined, 'import');
  t.true(helper.length > 0);
  t.false(helper.some((line) => line.includes('IMPORT{db}')));
});

test('a fact of vfio_id is cached only if sysfs confirms it', (t) => {
  const imported = (Object.keys(udevFacts) as FactName[]).filter((fact) => udevFacts[fact].kind === 'import');
  const confirmed = imported.filter((fact) => cachedFacts([fact]) !== undefined);
  t.deepEqual(confirmed, ['group', 'pf', 'vf', 'path', 'mdevParent']);
});
