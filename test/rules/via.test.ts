/** The rules in which vfio_id prints the names (import) or creates the links (run). */
import test from 'ava';
import fc from 'fast-check';
import { defaultPolicy } from '../../src/config/policy.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { booleanFamilies, familyRule } from '../../src/names/families.ts';
import { compileUdev } from '../../src/rules/compile.ts';
import { renderRules } from '../../src/rules/render.ts';
import { runCli } from '../helpers/cli.ts';
import { fakeRoot } from '../helpers/fake-root.ts';
import { golden } from './golden.ts';
import { hostilePolicy } from './hostile.ts';
import { link, policyOf, source, unless, when } from './policies.ts';

const families = policyOf({ links: booleanFamilies.map((family) => familyRule(family, source)) });

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
  const { helper, links } = compileUdev(policyOf({ links: [rule] }), undefined, 'run');
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
            /^RUN\+="\/usr\/lib\/udev\/vfio_id link (remove|add \$env\{\.VFIO_NAMES_LINKS\})"$/.test(text),
          )
        )
          return false;
        if (!requests.every((text) => /\+="--link '\d+(:-?\d+)?=[^'"\s]+'"$/.test(text))) return false;
        return via === 'run'
          ? links.length === 0
          : links.every((text) => /^SYMLINK\+="vfio\/\$env\{ID_VFIO_LINK_\d+\}"$/.test(text));
      } catch (error) {
        return error instanceof VfioNamesError && error.exitCode === 2;
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
