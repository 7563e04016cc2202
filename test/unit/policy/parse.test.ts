import { readFileSync } from 'node:fs';
import test from 'ava';
import { runCli } from '../../support/cli.ts';
import { fakeRoot } from '../../support/fake-root.ts';

const link = (match: string, name = 'by-x/{{name}}') => `[[link]]\nmatch = ${match}\nname = '${name}'\n`;
const linkNamed = (name: string) => `[[link]]\nname = '${name}'\n`;

const lateHint =
  'name, syspath, path, vendor, device, subsystemVendor, subsystemDevice, class, revision, numaNode, function, pf';

/** A title, an invalid policy, and its error line after the file name. */
const fixtures: readonly (readonly [title: string, policy: string, line: string])[] = [
  [
    'text that is not TOML',
    'by-path\n',
    '1: bad TOML: illegal character in key; write by-path = true, or another value',
  ],
  [
    'an unterminated string',
    'scheme = "1\n',
    '1: bad TOML: control characters are not allowed in strings; end the text with the quote that it begins with',
  ],
  [
    'a duplicate key',
    'scheme = 1\nscheme = 1\n',
    '2: bad TOML: trying to redefine an already defined table or value; write each key and each [table] once; [[link]] and other lists of tables may occur several times',
  ],
  [
    'two keys on one line',
    '[[link]]\nname = "by-x/a" priority = 1\n',
    '2: bad TOML: each key-value declaration must be followed by an end-of-line',
  ],
  [
    'a user number that does not exist',
    '[[access]]\nowner = "4294967295"\n',
    '2: access.owner: expected a number from 0 to 4294967294, found 4294967295',
  ],
  [
    'a group number with eleven digits',
    '[iommu]\ngroup = "99999999999"\n',
    '2: iommu.group: expected a number from 0 to 4294967294, found 99999999999',
  ],
  ['bytes that are not UTF-8', '\n# \ufffd\n', '2: expected UTF-8, found other bytes'],
  [
    'an unknown scheme',
    'scheme = 2\n',
    '1: scheme: expected the number of a naming scheme; this version knows 1; found the number 2',
  ],
  [
    'a scheme as a string',
    'scheme = "1"\n',
    '1: scheme: expected the number of a naming scheme; this version knows 1; found "1"',
  ],
  ['a misspelled key', '\nshceme = 1\n', '2: shceme: unknown key; did you mean "scheme"?'],
  [
    'an unknown key',
    'frobnicate = 1\n',
    '1: frobnicate: unknown key; expected one of scheme, names, link, access, bind, iommu',
  ],
  [
    'a key with control characters',
    '"a\\u001b[2J" = 1\n',
    '1: a\\x1b[2J: unknown key; expected one of scheme, names, link, access, bind, iommu',
  ],
  [
    'the key constructor',
    'constructor = 1\n',
    '1: constructor: unknown key; expected one of scheme, names, link, access, bind, iommu',
  ],
  [
    'the key __proto__',
    '__proto__ = 1\n',
    '1: __proto__: unknown key; expected one of scheme, names, link, access, bind, iommu',
  ],
  [
    'a misspelled family',
    '[names]\nby-paht = true\n',
    '2: names.by-paht: unknown key; did you mean "by-path"?',
  ],
  [
    'a family that is not a boolean',
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
    'a hidden alias',
    '[names.by-alias]\n".a" = { bus = "pci" }\n',
    '2: names.by-alias..a: expected a name of letters, digits and # + - . : = @ _ that does not begin with a dot; found ".a"',
  ],
  [
    'an alias that is only a node',
    '[names.by-alias]\ngpu = "vfio3"\n',
    '2: names.by-alias.gpu: expected the name of a device, found "vfio3", which is not the same after each boot; write a PCI address, a UUID, or BUS/NAME such as "platform/fe00.gpu", or a table of facts such as { vendor = "0x10de" }',
  ],
  [
    'an alias with an empty match',
    '[names.by-alias]\ngpu = {}\n',
    '2: names.by-alias.gpu: expected a match that means one device, found an empty table',
  ],
  [
    'an alias with an invalid match',
    '[names.by-alias]\ngpu = { vendor = "nvidia" }\n',
    '2: names.by-alias.gpu.vendor: expected 4 hexadecimal digits such as 0x10de, found "nvidia"',
  ],
  [
    'a link as a single table',
    '[link]\nname = "by-x/a"\n',
    '1: link: expected a list of tables, written [[link]]; found a table',
  ],
  [
    'a link without a name',
    '[[link]]\nmatch = { bus = "pci" }\n',
    '1: link: expected the key name, found none',
  ],
  [
    'a misspelled key in a second link',
    '[[link]]\nname = "by-x/a"\n\n[[link]]\nname = "by-x/b"\npriorty = 1\n',
    '6: link.priorty: unknown key; did you mean "priority"?',
  ],
  [
    'a priority as a string',
    '[[link]]\nname = "by-x/a"\npriority = "high"\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found "high"',
  ],
  [
    'a priority with a fraction',
    '[[link]]\nname = "by-x/a"\npriority = 1.5\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found the number 1.5',
  ],
  [
    'a priority out of range',
    '[[link]]\nname = "by-x/a"\npriority = 1000001\n',
    '3: link.priority: expected a whole number from -1000000 to 1000000; found the number 1000001',
  ],
  [
    'a name that is a number',
    '[[link]]\nname = 3\n',
    '2: link.name: expected a name below /dev/vfio such as "by-sriov/{{pf}}/vf{{vf}}"; found the number 3',
  ],
  [
    'a misspelled fact',
    link('{ vendr = "10de" }'),
    '2: link.match.vendr: unknown key; did you mean "vendor"?',
  ],
  [
    'a misspelled fact in a negation',
    link('{ not = { dirver = "x" } }'),
    '2: link.match.not.dirver: unknown key; did you mean "driver"?',
  ],
  [
    'a match on a fact that [[access]] sets',
    link('{ owner = "root" }'),
    '2: link.match.owner: [[access]] decides the owner of a node, so it cannot be matched',
  ],
  ['a match as a string', link('"pci"'), '2: link.match: expected a table of facts; found "pci"'],
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
    'a boolean for a fact',
    link('{ pf = true }'),
    '2: link.match.pf: expected text, or a list of texts; found true',
  ],
  [
    'an ID as a number',
    link('{ vendor = 0x10de }'),
    '2: link.match.vendor: expected 4 hexadecimal digits such as 0x10de in quotes, found the number 4318',
  ],
  [
    'an ID with too many digits',
    link('{ vendor = "0x10de0" }'),
    '2: link.match.vendor: expected 4 hexadecimal digits such as 0x10de, found "0x10de0"',
  ],
  [
    'a negative index',
    link('{ vf = -1 }'),
    '2: link.match.vf: expected text, or a number from 0; found the number -1',
  ],
  [
    'an invalid pattern',
    link('{ driver = "vfio-[" }'),
    '2: link.match.driver: bad pattern "vfio-[": "[" has no "]"; write [[] for the bracket itself',
  ],
  [
    'an empty pattern',
    link('{ driver = "" }'),
    '2: link.match.driver: bad pattern "": an empty text fits nothing',
  ],
  [
    'alternatives in one string',
    link('{ driver = "a|b" }'),
    '2: link.match.driver: bad pattern "a|b": "|" is not for alternatives, write a list: ["a", "b"]',
  ],
  [
    'a platform device with a vendor',
    link('{ bus = "platform", vendor = "10de" }'),
    '2: link.match.vendor: cannot match: devices on bus platform have no vendor, only those on pci, cdx',
  ],
  [
    'a PCI device with an mdev type',
    link('{ bus = "pci", mdevType = "x" }'),
    '2: link.match.mdevType: cannot match: devices on bus pci have no mdevType, only those on mdev',
  ],
  [
    'a VF with an mdev type',
    link('{ vf = "0", mdevType = "x" }'),
    '2: link.match.mdevType: cannot match: no device has both vf and mdevType',
  ],
  [
    'a match that contradicts itself',
    link('{ bus = "pci", not = { bus = "pci" } }'),
    '2: link.match.not.bus: cannot match: it refuses every bus that the match allows',
  ],
  [
    'an invalid PCI address as name',
    link('{ bus = "pci", name = "gpu0" }'),
    '2: link.match.name: expected a PCI address such as 0000:01:00.0 or 01:00.0, found "gpu0"',
  ],
  [
    'a name with an unknown fact',
    linkNamed('by-x/{{vendr}}'),
    '2: link.name: unknown fact "vendr"; did you mean "vendor"?',
  ],
  [
    'a name with an unknown helper',
    linkNamed('by-x/{{padd vf 3}}'),
    '2: link.name: unknown helper "padd"; did you mean "pad"?',
  ],
  [
    'a name with a block',
    linkNamed('by-x/{{#if pf}}a{{/if}}'),
    '2: link.name: expected only text, facts {{fact}} and helpers {{lower fact}}, found a block, partial or comment',
  ],
  [
    'a name with unclosed braces',
    linkNamed('by-x/{{name'),
    '2: link.name: expected text with facts such as {{name}}, found braces that don\'t fit: "by-x/{{name"',
  ],
  [
    'a name below a reserved directory',
    linkNamed('devices/{{name}}'),
    '2: link.name: a name begins with a directory of its own, "by-x/...", since all others are the kernel\'s or a bus\'s; found "devices/{{name}}"',
  ],
  [
    'a name below the directory of a bus',
    linkNamed('pci/{{name}}'),
    '2: link.name: a name begins with a directory of its own, "by-x/...", since all others are the kernel\'s or a bus\'s; found "pci/{{name}}"',
  ],
  [
    'an absolute name',
    linkNamed('/dev/vfio/by-x/a'),
    '2: link.name: a name lies below /dev/vfio: expected "by-x/...", found "/dev/vfio/by-x/a"',
  ],
  [
    'a name with ..',
    linkNamed('by-x/../../sda'),
    '2: link.name: a part of the name begins with a dot: "by-x/../../sda"',
  ],
  [
    'a name without a directory',
    linkNamed('by-gpu'),
    '2: link.name: expected a directory and a name, "by-x/...", found only "by-gpu"',
  ],
  [
    'a name with a blank',
    linkNamed('by-x/my gpu'),
    '2: link.name: the character " " cannot be in a name; use letters, digits and # + - . : = @ _ /',
  ],
  [
    'an access rule without owner, group and mode',
    '[[access]]\nmatch = { bus = "pci" }\n',
    '1: access: expected at least one of owner, group and mode, found none',
  ],
  [
    'a mode as a number',
    '[[access]]\nmode = 0o660\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found the number 432',
  ],
  [
    'a world-writable mode',
    '[[access]]\nmode = "0666"\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found "0666"',
  ],
  [
    'a set-id mode',
    '[[access]]\nmode = "4660"\n',
    '2: access.mode: expected four octal digits in quotes such as "0660", not writable by others; found "4660"',
  ],
  [
    'a group with a quote',
    '[[access]]\ngroup = \'kvm", RUN+="x\'\n',
    '2: access.group: expected a group name, or a number in quotes; found "kvm", RUN+="x"',
  ],
  [
    'a driver for devices of any kind',
    '[[bind]]\nmatch = {}\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device with a name',
    '[[bind]]\nmatch = { name = "*" }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device whose name has a domain',
    '[[bind]]\nmatch = { name = "0000:*" }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device with an id',
    '[[bind]]\nmatch = { vendor = "0x*", device = "????" }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device of any class',
    '[[bind]]\nmatch = { class = "0*" }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device of any function',
    '[[bind]]\nmatch = { function = ["[0-3]", "[4-7]"] }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for every device below /sys/devices',
    '[[bind]]\nmatch = { syspath = "/sys/devices/*" }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for a path that begins at a nested host bridge',
    '[[bind]]\nmatch = { path = "pci10000_e0-*" }\n',
    '2: bind.match.path: expected a whole path, or one that ends in -* for what is below a bridge; match a VF by its pf or its name',
  ],
  [
    'a driver for all devices except one',
    '[[bind]]\nmatch = { not = { name = "01:00.0" } }\n',
    '2: bind.match: expected a match that selects devices, found one that fits every device of its bus; match the name, the path, or vendor and device',
  ],
  [
    'a driver for devices of a driver',
    '[[bind]]\nmatch = { name = "01:00.0", not = { driver = "nvme" } }\n',
    `2: bind.match.not.driver: cannot be matched here: the driver of a device is not known before a driver has it; match ${lateHint}`,
  ],
  [
    'a driver for a serial number',
    '[[bind]]\nmatch = { serial = "a0-36-9f-ff-ff-12-34-56", name = "01:00.0" }\n',
    `2: bind.match.serial: cannot be matched here: the serial of a device is not known before a driver has it; match ${lateHint}`,
  ],
  [
    'a driver for mediated devices',
    '[[bind]]\nmatch = { bus = "mdev", name = "x" }\n',
    '2: bind.match.bus: expected one of pci, platform, amba, fsl-mc, cdx; found mdev',
  ],
  [
    'a driver for devices of two buses',
    '[[bind]]\nmatch = { bus = ["pci", "platform"], name = "01:00.0" }\n',
    '2: bind.match.bus: expected one of pci, platform, amba, fsl-mc, cdx; found pci, platform',
  ],
  [
    'a driver for bridges',
    '[[bind]]\nmatch = { class = "0604*" }\n',
    '2: bind.match.class: expected devices, found the class of bridges, which VFIO does not bind',
  ],
  [
    'a driver for a path with a star inside',
    '[[bind]]\nmatch = { path = "pci0000_00-*-00.0" }\n',
    '2: bind.match.path: expected a whole path, or one that ends in -* for what is below a bridge; match a VF by its pf or its name',
  ],
  [
    'a driver for the path of a VF',
    '[[bind]]\nmatch = { path = "pci0000_00-06.0-00.0-vf1" }\n',
    '2: bind.match.path: expected a whole path, or one that ends in -* for what is below a bridge; match a VF by its pf or its name',
  ],
  [
    'a driver for VFs by their path',
    '[[bind]]\nmatch = { path = "pci0000_00-06.0-*", pf = "01:00.0" }\n',
    '2: bind.match.path: cannot match: a VF, which has a pf, has no path in a rule for drivers; leave one of them out',
  ],
  [
    'a driver without a match',
    '[[bind]]\ndriver = "vfio-pci"\n',
    '1: bind: expected the key match, found none',
  ],
  [
    'a driver with a newline',
    '[[bind]]\nmatch = { name = "01:00.0" }\ndriver = "vfio-pci\\n"\n',
    '3: bind.driver: expected the name of a driver such as "vfio-pci", or "auto"; found "vfio-pci\\x0a"',
  ],
  [
    'a driver with a quote',
    '[[bind]]\nmatch = { name = "01:00.0" }\ndriver = \'x", RUN+="y\'\n',
    '3: bind.driver: expected the name of a driver such as "vfio-pci", or "auto"; found "x", RUN+="y"',
  ],
  [
    'an empty [iommu] table',
    '[iommu]\n',
    '1: iommu: expected at least one of owner, group and mode; found an empty table',
  ],
];

test('at least 50 bad-policy fixtures exist', (t) => {
  t.true(fixtures.length >= 50);
});

for (const [title, policy, line] of fixtures)
  test(`config show and check reject ${title} with one line and status 2`, async (t) => {
    const root = fakeRoot(t);
    root.write('/etc/vfio-names/10-bad.toml', policy);
    root.write('/etc/udev/rules.d/70-vfio-names.rules', '# in place\n');
    const expected = `vfio-names: ${root.at('/etc/vfio-names/10-bad.toml')}:${line}`;
    for (const command of ['show', 'check']) {
      const { status, out, err } = await runCli(['config', command, '--root', root.dir]);
      // config check adds the line of a syntax error, with a caret.
      const lines = err.filter((each) => command === 'show' || !/^ +\d* \| /.test(each));
      t.deepEqual({ status, out, err: lines }, { status: 2, out: '', err: [expected] });
    }
    t.is(readFileSync(root.at('/etc/udev/rules.d/70-vfio-names.rules'), 'utf8'), '# in place\n');
  });

test('config check sorts several errors by line', async (t) => {
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
