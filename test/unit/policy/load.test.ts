import test from 'ava';
import fc from 'fast-check';
import { VfioNamesError, withHint } from '../../../src/errors.ts';
import { buildPolicy, policyHash } from '../../../src/policy/build.ts';
import { formatDiagnostic } from '../../../src/policy/diagnostics.ts';
import { formatPolicy } from '../../../src/policy/format.ts';
import { bindPolicyNames, loadPolicy } from '../../../src/policy/load.ts';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import { errorLine } from '../../support/error-line.ts';
import { fakeFiles, fakeRoot } from '../../support/fake-root.ts';
import { hookedFiles } from '../../support/hooked-files.ts';

const built = (...texts: string[]) =>
  buildPolicy(texts.map((text, index) => ({ file: `/${index}.toml`, text })));

test('the default policy has the hash of its rules', (t) => {
  const { hash: _, ...rules } = defaultPolicy;
  t.is(policyHash(rules), defaultPolicy.hash);
  t.is(built('# nothing').policy.hash, defaultPolicy.hash);
});

test('policy files are merged into one policy', (t) => {
  const { policy, errors, warnings } = built(
    `scheme = 1
     [names]
     by-slot = true
     by-path = true
     [[link]]
     match = { bus = "pci", vendor = "10de" }
     name = "by-x/{{name}}"
     priority = 5`,
    `[[access]]
     match = { driver = "vfio-pci" }
     owner = "1000"
     group = "kvm"
     mode = "660"
     [iommu]
     group = "kvm"`,
  );
  t.deepEqual([errors, warnings], [[], []]);
  t.deepEqual(
    policy.linkRules.map(({ family, priority, source }) => [family, priority, source.file, source.line]),
    [
      ['by-path', 0, '/0.toml', 4],
      ['by-slot', 0, '/0.toml', 3],
      [undefined, 5, '/0.toml', 5],
    ],
  );
  t.deepEqual(policy.linkRules[2]?.template, [{ text: 'by-x/' }, { fact: 'name' }]);
  t.deepEqual(policy.accessRules, [
    {
      match: [{ fact: 'driver', negate: false, patterns: ['vfio-pci'] }],
      owner: '1000',
      fileGroup: 'kvm',
      mode: '0660',
      source: { file: '/1.toml', line: 1 },
    },
  ]);
  t.deepEqual(policy.iommu, { fileGroup: 'kvm', source: { file: '/1.toml', line: 6 } });
});

test('a later policy file overrides settings and aliases of an earlier one', (t) => {
  const { policy, settings } = built(
    '[names]\nby-path = true\nby-tag = false\n[names.by-alias]\na = { vendor = "10de" }\nb = { vendor = "1002" }',
    '[names]\nby-path = false\nby-tag = true\n[names.by-alias]\na = { name = "01:00.0" }',
  );
  t.deepEqual(
    policy.linkRules.map(({ family, source }) => [family, source.file, source.line]),
    [
      ['by-tag', '/1.toml', 3],
      ['by-alias', '/1.toml', 5],
      ['by-alias', '/0.toml', 6],
    ],
  );
  t.deepEqual(
    settings.map(({ key, value, source }) => `${key} ${value} ${source.file}:${source.line}`).sort(),
    [
      'names.by-alias.a  /1.toml:5',
      'names.by-alias.b  /0.toml:6',
      'names.by-path false /1.toml:2',
      'names.by-tag true /1.toml:3',
    ],
  );
});

test('the policy hash does not depend on comments, files, lines and the order of keys', (t) => {
  const first = built(
    '[names]\nby-path = true\n[[link]]\nmatch = { vendor = ["10de", "1002"], bus = "pci" }\nname = "by-x/a"',
  );
  const second = built(
    '# other files',
    '[[link]]\nname = "by-x/a"\npriority = 0\nmatch.bus = "pci"\nmatch.vendor = ["0x1002", "0x10DE"]',
    '\n\nnames.by-path = true',
  );
  const [tag, path] = ['names.by-tag = true', 'names.by-path = true'];
  t.is(built(tag, path).policy.hash, built(path, tag).policy.hash);
  t.is(first.policy.hash, second.policy.hash);
  t.not(first.policy.hash, built('[names]\nby-path = true').policy.hash);
});

const warns = test.macro((t, text: string, line: number, message: RegExp) => {
  const { warnings, errors } = built(text);
  t.deepEqual(errors, []);
  t.is(warnings.length, 1, JSON.stringify(warnings));
  t.is(warnings[0]?.source.line, line);
  t.regex(warnings[0] ? withHint(warnings[0]) : '', message);
});

const link = (match: string, extraLines = '') =>
  `[[link]]\nmatch = ${match}\nname = "by-x/{{name}}"\n${extraLines}\n`;

test(
  'config warns about the second of two equal rules',
  warns,
  link('{ bus = "pci" }') + link('{ bus = "pci" }'),
  5,
  /never needed: \/0\.toml:1/,
);
test(
  'config warns about a narrower rule for the same name',
  warns,
  link('{ bus = "pci", vendor = "10de" }') + link('{}'),
  1,
  /never needed/,
);
test(
  'config warns about a rule that a rule of higher priority covers',
  warns,
  link('{ bus = "pci" }') + link('{}', 'priority = 1'),
  1,
  /never needed/,
);
test(
  'config warns about a rule that repeats a family',
  warns,
  'names.by-path = true\n[[link]]\nmatch.bus = "pci"\nname = "by-path/{{path}}"',
  2,
  /never needed/,
);
test(
  'config warns about a name in the directory of a family that is not the name of the family',
  warns,
  '[[link]]\nname = "by-slot/{{label}}"\n[[link]]\nname = "by-my-slot/{{label}}"',
  1,
  /by-slot\/ is the directory of the family by-slot .*; choose a directory of your own, such as by-my-slot\//,
);
test(
  'config warns about an access rule that a later, broader rule overrides',
  warns,
  '[[access]]\nmatch.bus = "pci"\ngroup = "a"\n[[access]]\ngroup = "a"\nmode = "0660"',
  1,
  /has no effect: \/0\.toml:4/,
);
test('config warns about a misspelled bus', warns, link('{ bus = "pic" }'), 2, /did you mean "pci"/);
test('config warns about an unknown bus', warns, link('{ bus = "warp" }'), 2, /no bus "warp"/);
test(
  'config warns about several groups that cannot share /dev/iommu',
  warns,
  '[[access]]\ngroup = "a"\nmatch.bus = "pci"\n[[access]]\ngroup = "b"\nmatch.bus = "mdev"',
  5,
  /\/dev\/iommu can have one only/,
);

test('config warns about an alias that two files define, at the later one', (t) => {
  const alias = (address: string) => `[names.by-alias]\ngpu = { name = "${address}" }\n`;
  const { errors, warnings } = built(alias('0000:01:00.0'), `\n${alias('0000:02:00.0')}`);
  t.deepEqual(errors, []);
  t.deepEqual(warnings, [
    {
      source: { file: '/1.toml', line: 3 },
      key: 'names.by-alias.gpu',
      message: 'replaces the alias of the same name at /0.toml:2',
      hint: 'give one of them another name, or remove it',
    },
  ]);
});

const doesNotWarn = test.macro((t, text: string) => {
  const { warnings, errors } = built(text);
  t.deepEqual([errors, warnings], [[], []]);
});

test(
  'config does not warn about names of a family for some devices only, or about aliases with facts',
  doesNotWarn,
  '[names]\nby-slot = true\n[[link]]\nmatch.driver = "vfio-pci"\nname = "by-path/{{path}}"\n[[link]]\nname = "by-alias/{{slot}}"',
);

test(
  'config does not warn about a narrower rule with a higher priority',
  doesNotWarn,
  link('{ bus = "pci" }', 'priority = 1') + link('{}'),
);
test(
  'config does not warn about a rule with another name',
  doesNotWarn,
  `${link('{}')}[[link]]\nname = "by-y/{{name}}"`,
);
test(
  'config does not warn about an access rule of which one key remains effective',
  doesNotWarn,
  '[[access]]\nowner = "q"\ngroup = "a"\n[[access]]\nmatch.bus = "pci"\ngroup = "a"',
);
test(
  'config does not warn about a broader, earlier access rule',
  doesNotWarn,
  '[[access]]\ngroup = "a"\n[[access]]\nmatch.bus = "pci"\ngroup = "a"',
);

test('the merged link rules do not depend on the order of files and rules', (t) => {
  const rule = fc.record({
    vendor: fc.constantFrom('10de', '1002', '*'),
    priority: fc.integer({ min: -1, max: 1 }),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), (rules) => {
      const texts = rules.map(
        ({ vendor, priority }) =>
          `[[link]]\nmatch.vendor = "${vendor}"\nname = "by-x/a"\npriority = ${priority}`,
      );
      const rulesText = (...texts: string[]) => {
        const links = built(...texts).policy.linkRules.map(({ source: _, ...rulesText }) =>
          JSON.stringify(rulesText),
        );
        return links.sort().join('\n');
      };
      return rulesText(texts.join('\n')) === rulesText(...texts.reverse());
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test('formatPolicy output parses to the same policy', (t) => {
  const { policy, settings } = built(
    `scheme = 1
     [names]
     by-path = true
     by-tag = false
     [names.by-alias]
     "gpu.0" = { name = "01:00.0", not.pf = "*" }
     x = { label = "Ä \\"\\\\u00e4 [G*] \\u202e" }
     [[link]]
     match = { vendor = ["10de", "1002"], not = { driver = ["a", "b*"], bus = "mdev" } }
     name = 'by-x/{{replace (lower (pad name 12)) ":" ""}}-{{pad vf 3}}'
     priority = -3
     [[link]]
     name = "by-ä/x"
     [[access]]
     match.driver = "vfio-pci"
     owner = "q"
     mode = "0640"
     [iommu]
     group = "kvm"`.replace('\\"\\\\u00e4', '\\"'),
  );
  const text = formatPolicy({ policy, settings });
  const reparsed = built(text);
  t.deepEqual(reparsed.errors, []);
  t.is(reparsed.policy.hash, policy.hash);
  t.notRegex(text, /\u202e/);
  t.regex(text, /^by-path = true {2}# \/0\.toml:3$/m);
  t.is(formatPolicy({ policy: defaultPolicy, settings: [] }), 'scheme = 1  # default\n');
});

test('loadPolicy returns the policy, or throws the first error with the number of the others', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-tag = true\n');
  t.is((await loadPolicy(fakeFiles, root.dir)).linkRules.length, 1);
  root.write('/etc/vfio-names/05-b.toml', '\nby-tag = true\n[[link]]\n');
  root.write('/etc/vfio-names/20-c.toml', 'x');
  const error = await t.throwsAsync(loadPolicy(fakeFiles, root.dir), { instanceOf: VfioNamesError });
  t.deepEqual([error?.code, error?.status], ['policy', 2]);
  t.is(error?.path, root.at('/etc/vfio-names/05-b.toml'));
  t.regex(errorLine(error), /05-b\.toml:2: by-tag: unknown key; .* \(and 2 more; see config check\)$/);
});

test('loadPolicy with a policy file reads only that file', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-tag = true\n');
  root.write('/tmp/try.toml', '[names]\nby-path = true\n');
  const { linkRules } = await loadPolicy(fakeFiles, root.dir, root.at('/tmp/try.toml'));
  t.deepEqual(
    linkRules.map(({ family }) => family),
    ['by-path'],
  );
});

test('policy names read only the facts that the policy uses', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  t.is(bindPolicyNames(fakeFiles, root.dir, defaultPolicy), undefined);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-group = true\n');
  const policy = await loadPolicy(fakeFiles, root.dir);
  const calls: string[] = [];
  const files = hookedFiles(({ path }) => calls.push(path));
  t.deepEqual(bindPolicyNames(files, root.dir, policy)?.(device), [
    { path: 'by-group/14/pci-0000:01:00.0', priority: 0 },
  ]);
  t.deepEqual(calls, [root.at(`${device.syspath}/iommu_group`)]);
});

test('the errors of all files are sorted by file and line, also if one file is not TOML', (t) => {
  const { errors } = built(
    'by-tag = 1\n[[link]]\nname = "x"\n',
    'x\n[names]\nby-path = 3\n[[access]\ngroup = "a"\n[names.by-alias]\na = { bus = 3 }\nb = {\n',
    '[[access]]\nmode = "0777"\n',
  );
  t.deepEqual(
    errors.map(({ source, key }) => `${source.file}:${source.line} ${key}`),
    [
      '/0.toml:1 by-tag',
      '/1.toml:1 ',
      '/1.toml:3 names.by-path',
      '/1.toml:4 ',
      '/1.toml:8 ',
      '/2.toml:2 access.mode',
    ],
  );
});

test('the other keys of a table with a TOML error are not reported', (t) => {
  const { errors } = built('[[link]]\nname = by-x/a\n[[link]]\npriority = 3\n');
  t.deepEqual(
    errors.map(({ source }) => source.line),
    [2, 3],
  );
});

for (const [title, text, message] of [
  ['a key of many parts', `${'a.'.repeat(200_000)}b = 1`, /key of at most 8 parts/],
  ['a header of many parts', `[${'a . '.repeat(200_000)}b]`, /key of at most 8 parts/],
  ['a quoted key of many parts', `${'"a".'.repeat(200_000)}b = 1`, /key of at most 8 parts/],
  ['many nested tables', Array.from({ length: 900 }, (_, i) => `[${'a.'.repeat(i)}a]`).join('\n'), /8 parts/],
  [
    'many parts after a text that ends with four quotes',
    `x = """a""""\n${'a.'.repeat(200_000)}b = 1`,
    /8 parts/,
  ],
  ['nested lists', `x = ${'['.repeat(400_000)}`, /bad TOML/],
  ['nested tables', `x = ${'{a='.repeat(300_000)}`, /bad TOML/],
  ['nested helpers', `[[link]]\nname = "by-x/{{${'lower ('.repeat(90_000)}"`, /at most 4096 characters/],
  ['a long name', `[[link]]\nname = "by-x${'/a'.repeat(1500)}"`, /at most 1024 characters/],
  [
    'many patterns',
    `[[link]]\nname = "by-x/a"\nmatch.name = [${'"a",'.repeat(90_000)}]`,
    /at most 1000 patterns/,
  ],
] as const)
  test(`a policy with ${title} is rejected in time`, (t) => {
    const { errors } = built(text);
    t.regex(errors[0] ? withHint(errors[0]) : '', message);
    t.true((errors[0] ? formatDiagnostic(errors[0]) : '').length < 500);
  });

test('a thousand rules for one name are compared in time', (t) => {
  const rules = Array.from({ length: 20_000 }, (_, i) => `[[link]]\nname = "by-x/a"\nmatch.name = "${i}"\n`);
  t.deepEqual(built(rules.join('')).errors, []);
  const access = Array.from({ length: 20_000 }, (_, i) => `[[access]]\nowner = "a"\nmatch.name = "${i}"\n`);
  t.deepEqual(built(access.join('')).errors, []);
});

test('names of the prototype of objects are names like any other', (t) => {
  const names = ['__proto__', 'constructor', 'toString'];
  const { policy, errors } = built(
    names.map((name) => `[names.by-alias.${name}]\nname = "0000:01:00.0"\n`).join(''),
  );
  t.deepEqual(errors, []);
  t.deepEqual(
    policy.linkRules.map(({ template }) => template),
    [...names].sort().map((name) => [{ text: `by-alias/${name}` }]),
  );
  for (const text of [
    '__proto__ = 1',
    '[names]\nconstructor = true',
    '[[access]]\ntoString = "a"',
    '[[link]]\nname = "by-x/{{constructor}}"',
    '[[link]]\nname = "by-x/{{toString name}}"',
    '[[link]]\nname = "by-x/a"\nmatch = { __proto__ = "a" }',
    '[[link]]\nname = "by-x/a"\nmatch.not = { constructor = "a" }',
  ])
    t.is(built(text).errors.length, 1, text);
});

test('a family that no other is near to lists the families', (t) => {
  t.regex(built('[names]\nby-mac = true').errors[0]?.hint ?? '', /^expected one of .*by-tag, by-path/);
});

for (const [text, hint] of [
  ['[alias]\ngpu = "01:00.0"', 'aliases are in [names.by-alias]'],
  ['[[link]]\nname = "by-x/{name}"', 'a fact takes two braces, such as {{name}}'],
  ['[[access]]\nowner = "qemu"\nmatch = { id = "10de:2684" }', 'write vendor = "0x10de", device = "0x2684"'],
  ['[names]\nby-pth = true', 'did you mean "by-path"?'],
  ['[names]\nbyserial = true', 'did you mean "by-serial"?'],
  ['[[access]]\nuser = "qemu"', 'did you mean "owner"?'],
  ['[[bind]]\nmatch = { vendor = "10de" }\ndriver = "vfio_pci"', 'write "vfio-pci"'],
  ['[[iommu]]\nowner = "root"', 'write [iommu]'],
  ['[[access]]\nbus = "pci"\nowner = "qemu"', 'facts are in the match: match = { bus = ... }'],
] as const)
  test(`the error of ${JSON.stringify(text)} says what to write`, (t) => {
    t.is(built(text).errors[0]?.hint, hint);
  });
