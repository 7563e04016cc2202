/** The rules in which vfio_id tells or makes the names. */
import test from 'ava';
import fc from 'fast-check';
import { defaultPolicy } from '../../src/config/policy.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { familyRule, switchedFamilies } from '../../src/names/families.ts';
import { compile } from '../../src/rules/compile.ts';
import { render } from '../../src/rules/render.ts';
import { runCli } from '../helpers/cli.ts';
import { fakeRoot } from '../helpers/fake-root.ts';
import { golden } from './golden.ts';
import { hostilePolicy } from './hostile.ts';
import { link, policyOf, source, unless, when } from './policies.ts';

const families = policyOf({ links: switchedFamilies.map((family) => familyRule(family, source)) });

for (const via of ['import', 'run'] as const)
  test(`the families by ${via} are as they were`, (t) => {
    golden(t, `families.udev-${via}`, render('udev', families, undefined, via));
  });

test('import asks vfio_id for the name of the scheme, and for nothing else where the policy is empty', (t) => {
  const { names, helper, links } = compile(defaultPolicy, undefined, 'import');
  t.deepEqual(names, []);
  t.is(helper[0], 'ENV{.VFIO_NAMES}="want"');
  t.true(helper[1]?.includes(`vfio_id --export --facts= --link '1={bus}/{name}' '$devpath'`));
  t.deepEqual(links, ['ENV{ID_VFIO_LINK_1}=="?*", SYMLINK+="vfio/$env{ID_VFIO_LINK_1}"']);
});

test('run makes and removes the links, and imports only what a match needs', (t) => {
  const plain = compile(defaultPolicy, undefined, 'run');
  t.deepEqual(plain.helper, []);
  t.true(plain.remove[0]?.endsWith('RUN+="/usr/lib/udev/vfio_id link remove"'));
  t.true(plain.run[0]?.includes('RUN+="/usr/lib/udev/vfio_id link add '));
  const rule = {
    ...link([when('bus', 'pci'), unless('group', '7')], 'by-x/$', { fact: 'pf' as const }),
    priority: 5,
  };
  const { helper, links } = compile(policyOf({ links: [rule] }), undefined, 'run');
  t.true(helper.at(-1)?.includes(`--export --facts=group '$devpath'`));
  t.true(links[0]?.endsWith(`ENV{ID_VFIO_GROUP}!="7", ENV{.VFIO_NAMES_LINKS}+="--link '1:5=by-x/_{pf}'"`));
});

test('whatever the policy says, run never has udev make a link, and import makes none by itself', (t) => {
  fc.assert(
    fc.property(hostilePolicy, fc.constantFrom('import' as const, 'run' as const), (policy, via) => {
      try {
        const text = render('udev', policy, undefined, via);
        const made = text.match(/SYMLINK\+?="[^"]*"/g) ?? [];
        const runs = text.match(/(?<=^|, )(RUN|PROGRAM)[^"]*"[^"]*"/gm) ?? [];
        const gathered = text.match(/ENV\{\.VFIO_NAMES_LINKS\}[^"]*"[^"]*"/g) ?? [];
        if (
          !runs.every((one) =>
            /^RUN\+="\/usr\/lib\/udev\/vfio_id link (remove|add \$env\{\.VFIO_NAMES_LINKS\})"$/.test(one),
          )
        )
          return false;
        if (!gathered.every((one) => /\+="--link '\d+(:-?\d+)?=[^'"\s]+'"$/.test(one))) return false;
        return via === 'run'
          ? made.length === 0
          : made.every((one) => /^SYMLINK\+="vfio\/\$env\{ID_VFIO_LINK_\d+\}"$/.test(one));
      } catch (error) {
        return error instanceof VfioNamesError && error.exitCode === 2;
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('--via is for udev alone', async (t) => {
  const root = fakeRoot(t);
  const words = ['rules', 'render', '--root', root.dir];
  t.regex((await runCli([...words, '--via', 'run'])).out, /vfio_id link remove/);
  t.is((await runCli([...words, '--via', 'native'])).out, (await runCli(words)).out);
  const { status, err } = await runCli([...words, '--target', 'mdev', '--via', 'run']);
  t.is(status, 2);
  t.regex(err[0] ?? '', /expected --via with the rules of udev alone, found --target mdev/);
});
