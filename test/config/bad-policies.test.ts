import { readFileSync } from 'node:fs';
import test from 'ava';
import { runCli } from '../helpers/cli.ts';
import { fakeRoot } from '../helpers/fake-root.ts';

const link = (match: string, name = 'by-x/{{name}}') => `[[link]]\nmatch = ${match}\nname = '${name}'\n`;
const named = (name: string) => `[[link]]\nname = '${name}'\n`;

/** A policy, and the one line that it gives, from the file's name on. */
const table: readonly (readonly [title: string, policy: string, line: string])[] = [
  ['no TOML', 'by-path\n', '1: bad TOML: illegal character in key'],
  ['an open text', 'scheme = "1\n', '1: bad TOML: control characters are not allowed in strings'],
  [
    'the same key twice',
    'scheme = 1\nscheme = 1\n',
    '2: bad TOML: trying to redefine an already defined table or value',
  ],
  [
    'a link without its own line',
    '[[link]]\nname = "by-x/a" priority = 1\n',
    '2: bad TOML: each key-value declaration must be followed by an end-of-line',
  ],
  ['bytes that are no UTF-8', '\n# \ufffd\n', '2: expected UTF-8, found other bytes'],
  [
    'a scheme of the future',
    'scheme = 2\n',
    '1: scheme: expected the number of a naming scheme; this version knows 1; found the number 2',
  ],
  [
    'a scheme as text',
    'scheme = "1"\n',
    '1: scheme: expected the number of a naming scheme; this version knows 1; found "1"',
  ],
  ['a slip in a key', '\nshceme = 1\n', '2: shceme: unknown key; did you mean "scheme"?'],
  [
    'a key from nowhere',
    'frobnicate = 1\n',
    '1: frobnicate: unknown key; expected one of scheme, names, link, access, iommu',
  ],
  [
    'an ugly key',
    '"a\\u001b[2J" = 1\n',
    '1: a\\x1b[2J: unknown key; expected one of scheme, names, link, access, iommu',
  ],
  [
    'a key that every object has',
    'constructor = 1\n',
    '1: constructor: unknown key; expected one of scheme, names, link, access, iommu',
  ],
  [
    'a key that objects treat in their own way',
    '__proto__ = 1\n',
    '1: __proto__: unknown key; expected one of scheme, names, link, access, iommu',
  ],
  [
    'a family that is not there',
    '[names]\nby-paht = true\n',
    '2: names.by-paht: unknown key; did you mean "by-path"?',
  ],
  [
    'a family that is no switch',
    '[names]\nby-path = "yes"\n',
    '2: names.by-path: expected true or false; found "yes"',
  ],
  [
    'names as a list',
    'names = ["by-path"]\n',
    '1: names: expected a table of families of names; found a list',
  ],
  [
    'an alias with a slash',
    '[names.by-alias]\n"a/b" = { bus = "pci" }\n',
    '2: names.by-alias.a/b: expected a name of letters, digits and # + - . : = @ _ that does not begin with a dot; found "a/b"',
  ],
  [
    'an alias that is hidden',
    '[names.by-alias]\n".a" = { bus = "pci" }\n',
    '2: names.by-alias..a: expected a name of letters, digits and # + - . : = @ _ that does not begin with a dot; found ".a"',
  ],
  [
    'an alias of an address alone',
    '[names.by-alias]\ngpu = "01:00.0"\n',
    '2: names.by-alias.gpu: expected a table of facts; found "01:00.0"',
  ],
  [
    'an alias for everything',
    '[names.by-alias]\ngpu = {}\n',
    '2: names.by-alias.gpu: expected a match that means one device, found an empty table',
  ],
  [
    'an alias with a bad match',
    '[names.by-alias]\ngpu = { vendor = "nvidia" }\n',
    '2: names.by-alias.gpu.vendor: no device has it: expected 4 hexadecimal digits such as 0x10de, found "nvidia"',
  ],
  [
    'one link as a table',
    '[link]\nname = "by-x/a"\n',
    '1: link: expected a list of tables, written [[link]]; found a table',
  ],
  [
    'a link without a name',
    '[[link]]\nmatch = { bus = "pci" }\n',
    '1: link: expected the key name, found none',
  ],
  [
    'a second link with a slip',
    '[[link]]\nname = "by-x/a"\n\n[[link]]\nname = "by-x/b"\npriorty = 1\n',
    '6: link.priorty: unknown key; did you mean "priority"?',
  ],
  [
    'a priority as text',
    '[[link]]\nname = "by-x/a"\npriority = "high"\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found "high"',
  ],
  [
    'a priority with a fraction',
    '[[link]]\nname = "by-x/a"\npriority = 1.5\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found the number 1.5',
  ],
  [
    'a priority beyond all',
    '[[link]]\nname = "by-x/a"\npriority = 1000001\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found the number 1000001',
  ],
  [
    'a name that is a number',
    '[[link]]\nname = 3\n',
    '2: link.name: expected a name below /dev/vfio such as "by-sriov/{{pf}}/vf{{vf}}"; found the number 3',
  ],
  [
    'a slip in a fact',
    link('{ vendr = "10de" }'),
    '2: link.match.vendr: unknown key; did you mean "vendor"?',
  ],
  [
    'a slip in a negation',
    link('{ not = { dirver = "x" } }'),
    '2: link.match.not.dirver: unknown key; did you mean "driver"?',
  ],
  [
    'a match on what access decides',
    link('{ owner = "root" }'),
    "2: link.match.owner: [[access]] decides the owner of a node, so it can't be matched",
  ],
  ['a match that is a text', link('"pci"'), '2: link.match: expected a table of facts; found "pci"'],
  [
    'an empty list',
    link('{ bus = [] }'),
    '2: link.match.bus: expected a list with at least one text; found an empty list',
  ],
  [
    'a list in a list',
    link('{ bus = [["pci"]] }'),
    '2: link.match.bus: expected text, or a list of texts; found a list',
  ],
  [
    'a date',
    link('{ driver = 2026-01-01 }'),
    '2: link.match.driver: expected text, or a list of texts; found a date or time',
  ],
  [
    'a switch for a fact',
    link('{ pf = true }'),
    '2: link.match.pf: expected text, or a list of texts; found true',
  ],
  [
    'an id as a number',
    link('{ vendor = 0x10de }'),
    '2: link.match.vendor: expected 4 hexadecimal digits such as 0x10de in quotes, found the number 4318',
  ],
  [
    'an id with too many digits',
    link('{ vendor = "0x10de0" }'),
    '2: link.match.vendor: no device has it: expected 4 hexadecimal digits such as 0x10de, found "0x10de0"',
  ],
  [
    'a negative index',
    link('{ vf = -1 }'),
    '2: link.match.vf: expected text, or a number from 0; found the number -1',
  ],
  [
    'a bad pattern',
    link('{ driver = "vfio-[" }'),
    '2: link.match.driver: bad pattern "vfio-[": "[" has no "]"; write [[] for the bracket itself',
  ],
  [
    'an empty pattern',
    link('{ driver = "" }'),
    '2: link.match.driver: bad pattern "": an empty text fits nothing',
  ],
  [
    'alternatives in one text',
    link('{ driver = "a|b" }'),
    '2: link.match.driver: bad pattern "a|b": "|" is not for alternatives, write a list: ["a", "b"]',
  ],
  [
    'a platform device with a vendor',
    link('{ bus = "platform", vendor = "10de" }'),
    "2: link.match.vendor: can't match: devices on bus platform have no vendor, only those on pci, cdx",
  ],
  [
    'a PCI device with an mdev type',
    link('{ bus = "pci", mdevType = "x" }'),
    "2: link.match.mdevType: can't match: devices on bus pci have no mdevType, only those on mdev",
  ],
  [
    'a VF with an mdev type',
    link('{ vf = "0", mdevType = "x" }'),
    "2: link.match.mdevType: can't match: no device has both vf and mdevType",
  ],
  [
    'a match that refuses itself',
    link('{ bus = "pci", not = { bus = "pci" } }'),
    "2: link.match.not.bus: can't match: it refuses every bus that the match allows",
  ],
  [
    'a PCI name that is none',
    link('{ bus = "pci", name = "gpu0" }'),
    '2: link.match.name: no device has it: expected a PCI address such as 0000:01:00.0 or 01:00.0, found "gpu0"',
  ],
  [
    'a name with an unknown fact',
    named('by-x/{{vendr}}'),
    '2: link.name: unknown fact "vendr"; did you mean "vendor"?',
  ],
  [
    'a name with an unknown helper',
    named('by-x/{{padd vf 3}}'),
    '2: link.name: unknown helper "padd"; did you mean "pad"?',
  ],
  [
    'a name with a block',
    named('by-x/{{#if pf}}a{{/if}}'),
    '2: link.name: expected only text, facts {{fact}} and helpers {{lower fact}}, found a block, partial or comment',
  ],
  [
    'a name with open braces',
    named('by-x/{{name'),
    '2: link.name: expected text with facts such as {{name}}, found braces that don\'t fit: "by-x/{{name"',
  ],
  [
    'a name of the kernel',
    named('devices/{{name}}'),
    '2: link.name: a name begins with a directory of its own, "by-x/...", since all others are the kernel\'s or a bus\'s; found "devices/x"',
  ],
  [
    'a name of the scheme',
    named('pci/{{name}}'),
    '2: link.name: a name begins with a directory of its own, "by-x/...", since all others are the kernel\'s or a bus\'s; found "pci/x"',
  ],
  [
    'an absolute name',
    named('/dev/vfio/by-x/a'),
    '2: link.name: a name lies below /dev/vfio: expected "by-x/...", found "/dev/vfio/by-x/a"',
  ],
  [
    'a name that climbs',
    named('by-x/../../sda'),
    '2: link.name: a part of the name begins with a dot: "by-x/../../sda"',
  ],
  [
    'a name without a directory',
    named('by-gpu'),
    '2: link.name: expected a directory and a name, "by-x/...", found only "by-gpu"',
  ],
  [
    'a name with a blank',
    named('by-x/my gpu'),
    '2: link.name: the character " " can\'t be in a name; use letters, digits and # + - . : = @ _ /',
  ],
  [
    'an access rule that gives nothing',
    '[[access]]\nmatch = { bus = "pci" }\n',
    '1: access: expected at least one of owner, group and mode, found none',
  ],
  [
    'a mode that is a number',
    '[[access]]\nmode = 0o660\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found the number 432',
  ],
  [
    'a mode for the whole world',
    '[[access]]\nmode = "0666"\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found "0666"',
  ],
  [
    'a mode with set-id',
    '[[access]]\nmode = "4660"\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found "4660"',
  ],
  [
    'a group that breaks out',
    '[[access]]\ngroup = \'kvm", RUN+="x\'\n',
    '2: access.group: expected a group name, or a number in quotes; found "kvm", RUN+="x"',
  ],
  [
    'an iommu that gives nothing',
    '[iommu]\n',
    '1: iommu: expected at least one of owner, group and mode; found an empty table',
  ],
];

test('there are fifty and more', (t) => {
  t.true(table.length >= 50);
});

for (const [title, policy, line] of table)
  test(`${title} is one line and status 2`, async (t) => {
    const root = fakeRoot(t);
    root.write('/etc/vfio-names/10-bad.toml', policy);
    root.write('/etc/udev/rules.d/70-vfio-names.rules', '# in place\n');
    const expected = `vfio-names: ${root.at('/etc/vfio-names/10-bad.toml')}:${line}`;
    for (const command of ['show', 'check']) {
      const { status, out, err } = await runCli(['config', command, '--root', root.dir]);
      t.deepEqual({ status, out, err }, { status: 2, out: '', err: [expected] });
    }
    t.is(readFileSync(root.at('/etc/udev/rules.d/70-vfio-names.rules'), 'utf8'), '# in place\n');
  });

test('of several mistakes the first line of the file comes first', async (t) => {
  const root = fakeRoot(t);
  root.write('/a.toml', 'iommu = 1\naccess = 1\nlink = 1\nnames = 1\nscheme = 2\nx = 1\n');
  const { err } = await runCli(['config', 'check', root.at('/a.toml')]);
  t.deepEqual(
    err.map((line) => line.replace(/^.*a\.toml:(\d): (\w+): .*$/, '$1 $2')),
    ['1 iommu', '2 access', '3 link', '4 names', '5 scheme', '6 x'],
  );
  const { err: first } = await runCli(['config', 'show', '--policy', root.at('/a.toml')]);
  t.is(first.length, 1);
  t.regex(first[0] ?? '', /a\.toml:1: iommu: .* \(and 5 more; see config check\)$/);
});
