import test from 'ava';
import { compileGroups } from '../../../src/udev/groups.ts';
import { MAX_LINE_BYTES } from '../../../src/udev/syntax.ts';
import { link, policyOf, source, when } from '../../support/policies.ts';

/** A policy with `count` names of 200 characters, which do not fit into one line. */
const longPolicy = (count: number) =>
  policyOf({
    linkRules: Array.from({ length: count }, (_, index) =>
      link([when('name', `0000:01:00.${index}`)], `by-alias/${index}-${'x'.repeat(200)}`),
    ),
  });

/** Returns the numbers of the links that a command requests. */
const requested = (line: string) => [...line.matchAll(/--link '(\d+)=/g)].map(([, number]) => Number(number));

test('names of groups that do not fit into one line are requested by several calls', (t) => {
  const { names } = compileGroups(longPolicy(160), 'import');
  const calls = names.filter((line) => line.includes('IMPORT{program}'));
  t.true(calls.length > 1);
  calls.forEach((line, index) => {
    t.is(/--more=(\d+)/.exec(line)?.[1], index === 0 ? undefined : String(index));
    t.true(requested(line).length > 0);
    t.true(Buffer.byteLength(line) <= MAX_LINE_BYTES);
  });
  t.deepEqual(
    calls.flatMap(requested),
    Array.from({ length: 160 }, (_, index) => index + 1),
  );
});

test('with --via run, names of groups must fit into one command', (t) => {
  t.throws(() => compileGroups(longPolicy(160), 'run'), {
    code: 'policy',
    message: /^udev cannot express names of groups in a command of more than 15500 bytes$/,
  });
  t.notThrows(() => compileGroups(longPolicy(20), 'run'));
});

test('only the rules for auto ask vfio_id to decide, and only for devices without a name of their own', (t) => {
  const rules = (enabled: boolean | 'auto') => {
    const { leave, join, names } = compileGroups(
      policyOf({ groups: { enabled, policyLinks: true } }),
      'import',
    );
    return [...leave, ...join, ...names].join('\n');
  };
  t.regex(rules('auto'), / --auto /);
  t.true(rules('auto').includes('KERNEL=="vfio[0-9]*", ENV{MAJOR}=="?*", GOTO="vfio_names_joined"\n'));
  t.regex(rules('auto'), /vfio_names_group_wanted/);
  t.notRegex(rules(true), /--auto|ENV\{MAJOR\}|vfio_names_group_wanted/);
  t.is(rules(false), '');
});

test('the rules always call vfio_id for a device if the names or the access of its group depend on it', (t) => {
  const always = (policy: Parameters<typeof policyOf>[0]) =>
    compileGroups(policyOf(policy), 'import').join.some((line) => line.includes(' --always '));
  const access = { fileGroup: 'kvm', source };
  t.false(always({}));
  t.false(always({ accessRules: [{ ...access, match: [] }] }));
  t.true(always({ accessRules: [{ ...access, match: [when('bus', 'pci')] }] }));
  t.true(always({ linkRules: [link([when('driver', 'vfio-pci')], 'by-x/gpu')] }));
});

test('with --via run, vfio_id reads the access of a group separately from its names', (t) => {
  const accessRules = [{ match: [], fileGroup: 'kvm', source }];
  const linkRules = [link([], 'by-x/', { fact: 'name' })];
  const lines = compileGroups(policyOf({ accessRules, linkRules }), 'run').names;
  const imports = lines.filter((line) => line.includes('IMPORT{program}'));
  t.is(imports.length, 1);
  t.regex(imports[0] ?? '', / group names .*--access /);
  t.deepEqual(requested(imports[0] ?? ''), []);
  const [run = ''] = lines.filter((line) => line.includes('RUN+='));
  t.regex(run, / group link /);
  t.deepEqual(requested(run), [1]);
});
