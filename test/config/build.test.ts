import test from 'ava';
import fc from 'fast-check';
import { buildPolicy, policyHash } from '../../src/config/build.ts';
import { formatPolicy } from '../../src/config/format.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { moreNames } from '../../src/config/more-names.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { VfioNamesError } from '../../src/errors.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hookedFiles } from '../helpers/hooked-files.ts';

const built = (...texts: string[]) =>
  buildPolicy(texts.map((text, index) => ({ file: `/${index}.toml`, text })));

test('the default policy has the hash of what it says', (t) => {
  const { hash: _, ...rules } = defaultPolicy;
  t.is(policyHash(rules), defaultPolicy.hash);
  t.is(built('# nothing').policy.hash, defaultPolicy.hash);
});

test('a policy is what its files say together', (t) => {
  const { policy, mistakes, warnings } = built(
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
  t.deepEqual([mistakes, warnings], [[], []]);
  t.deepEqual(
    policy.links.map(({ family, priority, source }) => [family, priority, source.file, source.line]),
    [
      ['by-path', 0, '/0.toml', 4],
      ['by-slot', 0, '/0.toml', 3],
      [undefined, 5, '/0.toml', 5],
    ],
  );
  t.deepEqual(policy.links[2]?.name, [{ text: 'by-x/' }, { fact: 'name' }]);
  t.deepEqual(policy.access, [
    {
      match: [{ fact: 'driver', negate: false, patterns: ['vfio-pci'] }],
      owner: '1000',
      group: 'kvm',
      mode: '0660',
      source: { file: '/1.toml', line: 1 },
    },
  ]);
  t.deepEqual(policy.iommu, { group: 'kvm', source: { file: '/1.toml', line: 6 } });
});

test('a later switch or alias overrides an earlier one', (t) => {
  const { policy, settings } = built(
    '[names]\nby-path = true\nby-tag = false\n[names.by-alias]\na = { vendor = "10de" }\nb = { vendor = "1002" }',
    '[names]\nby-path = false\nby-tag = true\n[names.by-alias]\na = { name = "01:00.0" }',
  );
  t.deepEqual(
    policy.links.map(({ family, source }) => [family, source.file, source.line]),
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

test('the hash is that of what is said, not of comments, places and the order of keys', (t) => {
  const one = built(
    '[names]\nby-path = true\n[[link]]\nmatch = { vendor = ["10de", "1002"], bus = "pci" }\nname = "by-x/a"',
  );
  const other = built(
    '# other files',
    '[[link]]\nname = "by-x/a"\npriority = 0\nmatch.bus = "pci"\nmatch.vendor = ["0x1002", "0x10DE"]',
    '\n\nnames.by-path = true',
  );
  const [tag, path] = ['names.by-tag = true', 'names.by-path = true'];
  t.is(built(tag, path).policy.hash, built(path, tag).policy.hash);
  t.is(one.policy.hash, other.policy.hash);
  t.not(one.policy.hash, built('[names]\nby-path = true').policy.hash);
});

const warns = test.macro((t, text: string, line: number, message: RegExp) => {
  const { warnings, mistakes } = built(text);
  t.deepEqual(mistakes, []);
  t.is(warnings.length, 1, JSON.stringify(warnings));
  t.is(warnings[0]?.source.line, line);
  t.regex(warnings[0]?.message ?? '', message);
});

const link = (match: string, more = '') => `[[link]]\nmatch = ${match}\nname = "by-x/{{name}}"\n${more}\n`;

test(
  'the second of two equal rules is not needed',
  warns,
  link('{ bus = "pci" }') + link('{ bus = "pci" }'),
  5,
  /never needed: \/0\.toml:1/,
);
test(
  'a narrower rule for the same name is not needed',
  warns,
  link('{ bus = "pci", vendor = "10de" }') + link('{}'),
  1,
  /never needed/,
);
test(
  'a rule under one of a higher priority is not needed',
  warns,
  link('{ bus = "pci" }') + link('{}', 'priority = 1'),
  1,
  /never needed/,
);
test(
  'a rule that a family gives already is not needed',
  warns,
  'names.by-path = true\n[[link]]\nmatch.bus = "pci"\nname = "by-path/{{path}}"',
  2,
  /never needed/,
);
test(
  'an access rule under a later, broader one never holds',
  warns,
  '[[access]]\nmatch.bus = "pci"\ngroup = "a"\n[[access]]\ngroup = "a"\nmode = "0660"',
  1,
  /never holds: \/0\.toml:4/,
);
test('an unknown bus may be a slip', warns, link('{ bus = "pic" }'), 2, /did you mean "pci"/);
test('a bus that nobody knows may come', warns, link('{ bus = "warp" }'), 2, /no bus "warp"/);
test(
  'groups that /dev/iommu can not serve',
  warns,
  '[[access]]\ngroup = "a"\nmatch.bus = "pci"\n[[access]]\ngroup = "b"\nmatch.bus = "mdev"',
  1,
  /\/dev\/iommu can have one only/,
);

const quiet = test.macro((t, text: string) => {
  const { warnings, mistakes } = built(text);
  t.deepEqual([mistakes, warnings], [[], []]);
});

test('a higher priority is needed', quiet, link('{ bus = "pci" }', 'priority = 1') + link('{}'));
test('another name is needed', quiet, `${link('{}')}[[link]]\nname = "by-y/{{name}}"`);
test(
  'an access rule of which a key stays holds',
  quiet,
  '[[access]]\nowner = "q"\ngroup = "a"\n[[access]]\nmatch.bus = "pci"\ngroup = "a"',
);
test(
  'a broader earlier access rule holds',
  quiet,
  '[[access]]\ngroup = "a"\n[[access]]\nmatch.bus = "pci"\ngroup = "a"',
);

test('the order of files and rules does not matter for who gets which priority', (t) => {
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
      const said = (...all: string[]) => {
        const links = built(...all).policy.links.map(({ source: _, ...said }) => JSON.stringify(said));
        return links.sort().join('\n');
      };
      return said(texts.join('\n')) === said(...texts.reverse());
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test('a policy that is shown can be read back and is the same', (t) => {
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
  const again = built(text);
  t.deepEqual(again.mistakes, []);
  t.is(again.policy.hash, policy.hash);
  t.notRegex(text, /\u202e/);
  t.regex(text, /^by-path = true {2}# \/0\.toml:3$/m);
  t.is(formatPolicy({ policy: defaultPolicy, settings: [] }), 'scheme = 1  # default\n');
});

test('loading gives the policy, or the first mistake and how many more there are', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-tag = true\n');
  t.is((await loadPolicy(fakeFiles, root.dir)).links.length, 1);
  root.write('/etc/vfio-names/05-b.toml', '\nby-tag = true\n[[link]]\n');
  root.write('/etc/vfio-names/20-c.toml', 'x');
  const error = await t.throwsAsync(loadPolicy(fakeFiles, root.dir), { instanceOf: VfioNamesError });
  t.deepEqual([error?.code, error?.exitCode], ['policy', 2]);
  t.is(error?.path, root.at('/etc/vfio-names/05-b.toml'));
  t.regex(error?.message ?? '', /05-b\.toml:2: by-tag: unknown key; .* \(and 2 more; see config check\)$/);
});

test('one file can be tried, and then is all of the policy', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-tag = true\n');
  root.write('/tmp/try.toml', '[names]\nby-path = true\n');
  const { links } = await loadPolicy(fakeFiles, root.dir, root.at('/tmp/try.toml'));
  t.deepEqual(
    links.map(({ family }) => family),
    ['by-path'],
  );
});

test('naming reads the facts that the policy asks for, and no others', async (t) => {
  const root = fakeRoot(t);
  const device = root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  t.is(moreNames(fakeFiles, root.dir, defaultPolicy), undefined);
  root.write('/etc/vfio-names/10-a.toml', '[names]\nby-group = true\n');
  const policy = await loadPolicy(fakeFiles, root.dir);
  const calls: string[] = [];
  const files = hookedFiles(({ path }) => calls.push(path));
  t.deepEqual(moreNames(files, root.dir, policy)?.(device), [
    { path: 'by-group/14/pci-0000:01:00.0', priority: 0 },
  ]);
  t.deepEqual(calls, [root.at(`${device.syspath}/iommu_group`)]);
});
