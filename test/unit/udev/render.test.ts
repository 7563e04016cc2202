import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { VfioNamesError } from '../../../src/errors.ts';
import { booleanFamilies, familyRule } from '../../../src/policy/families.ts';
import { defaultPolicy, type Policy } from '../../../src/policy/policy.ts';
import { renderRules } from '../../../src/udev/render.ts';
import { errorLine } from '../../support/error-line.ts';
import { golden } from '../../support/golden-rules.ts';
import { hostilePolicy } from '../../support/hostile-policies.ts';
import { link, policyOf, source, unless, when } from '../../support/policies.ts';
import { linesRead, type UdevDevice } from '../../support/udev-rules.ts';

test('the checked-in rules match the default policy', (t) => {
  const path = new URL('../../../rules/70-vfio-names.rules', import.meta.url);
  t.is(renderRules('udev', defaultPolicy), readFileSync(path, 'utf8'));
});

test('the built-in templates render for each target', (t) => {
  for (const target of ['udev', 'mdev', 'mdevd'] as const)
    t.regex(renderRules(target, defaultPolicy), /^# vfio-names scheme=1 policy=default\n/);
});

const families = policyOf({ linkRules: booleanFamilies.map((family) => familyRule(family, source)) });

const rich = policyOf({
  linkRules: [
    link([when('vendor', '0x10de'), unless('numaNode', '0')], 'by-gpu/', { fact: 'driver' }, '-', {
      fact: 'name',
    }),
    { ...link([when('bus', 'pci', 'mdev')], 'by-node/', { fact: 'node' }), priority: 5 },
    link([when('pf', '0000:01:00.0'), unless('vf', '0', '1')], 'by-low/', {
      fact: 'vf',
      apply: [{ transform: 'pad', width: 3 }],
    }),
    link([when('function', '[0-3]'), when('syspath', '/sys/devices/pci0000:00/*')], 'by-dev/', {
      fact: 'devnum',
    }),
  ],
  accessRules: [
    { match: [when('driver', 'vfio-*')], fileGroup: 'kvm', mode: '0660', source },
    { match: [when('group', '14')], owner: 'qemu', source },
    { match: [], mode: '0640', source },
  ],
  iommu: { fileGroup: 'kvm', mode: '0660', source },
});

for (const [name, policy] of Object.entries({ families, rich }))
  for (const target of ['udev', 'mdev', 'mdevd'] as const)
    test(`rules render matches the golden file of policy ${name} for ${target}`, (t) => {
      golden(t, `${name}.${target}`, renderRules(target, policy));
    });

test('udev rules have exactly those labels that a GOTO names, which udevadm verify checks', (t) => {
  for (const policy of [defaultPolicy, families, rich]) {
    const rules = renderRules('udev', policy);
    const names = (key: string): string[] => [
      ...new Set([...rules.matchAll(new RegExp(`\\b${key}="(\\w+)"`, 'g'))].map(([, name = '']) => name)),
    ];
    t.deepEqual(names('LABEL').sort(), names('GOTO').sort());
  }
});

const foreign: readonly UdevDevice[] = [
  {
    subsystem: 'block',
    kernel: 'sda',
    devpath: '/devices/pci0000:00/0000:00:07.0/block/sda',
    attributes: {},
  },
  { subsystem: 'pci', kernel: '0000:01:00.0', devpath: '/devices/pci0000:00/0000:01:00.0', attributes: {} },
  { subsystem: 'net', kernel: 'vfio3', devpath: '/devices/virtual/net/vfio3', attributes: {} },
];

const large = policyOf({
  ...rich,
  linkRules: Array.from({ length: 500 }, (_, index) =>
    link([when('name', `0000:01:${index}.0`)], `by-x/${index}`),
  ),
});

test('the first line of udev rules ends the event of a device of another subsystem, however large the policy is', (t) => {
  for (const via of ['native', 'import', 'run'] as const)
    for (const policy of [defaultPolicy, families, rich, large])
      for (const enabled of [true, false, 'auto'] as const) {
        const named = { ...policy, groups: { enabled, policyLinks: via !== 'run' } };
        const rules = renderRules('udev', named, undefined, via);
        for (const device of foreign)
          for (const action of ['add', 'change', 'bind', 'unbind', 'move', 'online'])
            t.is(linesRead(rules, action, device).length, 1, `${via} ${action} ${device.kernel}`);
      }
});

test('udev rules read the same few lines at the removal of a device of another subsystem, however large the policy is', (t) => {
  const read = (policy: Policy, device: UdevDevice): readonly string[] =>
    linesRead(renderRules('udev', policy), 'remove', device);
  for (const device of foreign) {
    t.is(read(defaultPolicy, device).length, 3);
    t.is(read(large, device).length, 3);
    t.is(read(policyOf({ groups: { enabled: false, policyLinks: false } }), device).length, 1);
  }
});

test('the first line of udev rules lets pass what the other lines are for', (t) => {
  const passes = (policy: Policy): string[] =>
    ['vfio-dev', 'vfio', 'misc', 'pci', 'block'].filter((subsystem) => {
      const [, first = ''] = /^([^#\n].*GOTO="vfio_names_end")$/m.exec(renderRules('udev', policy)) ?? [];
      return linesRead(`${first}\nx\nLABEL="vfio_names_end"`, 'add', device(subsystem)).includes('x');
    });
  const device = (subsystem: string): UdevDevice => ({
    subsystem,
    kernel: 'x',
    devpath: '/devices/x',
    attributes: {},
  });
  // Access that an earlier policy gave is taken back from each of them.
  for (const policy of [defaultPolicy, rich, policyOf({ groups: { enabled: false, policyLinks: false } })])
    t.deepEqual(passes(policy), ['vfio-dev', 'vfio', 'misc']);
});

test('udev rules run no program if udev knows all facts', (t) => {
  const policy = policyOf({
    linkRules: [
      link([when('vendor', '0x8086')], 'by-x/', { fact: 'name' }, '/', { fact: 'class' }, '-', {
        fact: 'numaNode',
      }),
      link([unless('driver', 'vfio-pci')], 'by-y/', { fact: 'bus' }, '-', { fact: 'devnum' }, '-', {
        fact: 'device',
      }),
      link([when('bus', 'mdev')], 'by-tag/', {
        fact: 'name',
        apply: [{ transform: 'replace', from: ':', to: '_' }],
      }),
    ],
    accessRules: [{ match: [when('subsystemVendor', '0x1028')], fileGroup: 'kvm', source }],
  });
  // Except for devices on a bus that has no line of its own, which the other devices skip.
  const rules = renderRules('udev', { ...policy, groups: { enabled: false } });
  const [known = '', others = ''] = rules.split('# On any other bus');
  t.notRegex(known, /IMPORT(?!\{db\})|PROGRAM|RUN|vfio_id/);
  t.is(known.match(/GOTO="vfio_names_named"/g)?.length, known.match(/^SUBSYSTEMS/gm)?.length);
  t.notRegex(others.slice(others.indexOf('LABEL="vfio_names_named"')), /IMPORT|PROGRAM|RUN|vfio_id/);
});

/** The keys that generated rules may use; any other key means that a policy text escaped its string. */
const keys =
  /^(ACTION|SUBSYSTEM|KERNEL|DEVPATH|SUBSYSTEMS|KERNELS|DRIVERS|TEST|TAG|SYMLINK|OPTIONS|OWNER|GROUP|MODE|GOTO|LABEL|ENV\{[A-Z_.0-9]+\}|ATTRS?\{[a-z_]+\}|IMPORT\{(builtin|db|program)\}|RUN)$/;

const substitutions = /\$(id|kernel|driver|devpath|major|minor|attr\{[a-z_]+\}|env\{[A-Z_0-9]+\})|\$\$|%%/g;

test('no policy text escapes its string in udev rules', (t) => {
  let rendered = 0;
  fc.assert(
    fc.property(hostilePolicy, (policy) => {
      let text: string;
      try {
        text = renderRules('udev', policy);
      } catch (error) {
        return error instanceof VfioNamesError && error.status === 2 && !errorLine(error).includes('\n');
      }
      rendered++;
      return text.split('\n').every((line) => line === '' || line.startsWith('# ') || isSound(line));
    }),
    { numRuns: 300 },
  );
  t.true(rendered > 30);
});

function isSound(line: string): boolean {
  if (/[\x00-\x1f\x7f]/.test(line)) return false;
  let rest = line;
  while (rest !== '') {
    const token = /^([A-Z]+(?:\{[^}"]*\})?)(==|!=|\+=|=)"((?:[^"\\]|\\x)*)"(?:, |$)/.exec(rest);
    if (!token || !keys.test(token[1] ?? '')) return false;
    const substitutes = /^(SYMLINK|TEST|IMPORT|OWNER|GROUP|MODE)/.test(token[1] ?? '');
    if (substitutes && /[$%]/.test((token[3] ?? '').replace(substitutions, ''))) return false;
    rest = rest.slice(token[0].length);
  }
  return true;
}

test('no policy text escapes its field in mdev and mdevd lines', (t) => {
  const line =
    /^(vfio\/devices\/(?:noiommu-)?vfio\[0-9\]\+|vfio\/(?:noiommu-)?\[0-9\]\+|vfio\/vfio|iommu) [\w.-]+:[\w.-]+ 0[0-7]{3}( \*.+)?$/;
  const command =
    /^ \*(vfio-names sync --quiet|\/usr\/lib\/udev\/vfio_id (?:link "\$ACTION"|group link --auto)( --link '[^'\n#]+')*)$/;
  fc.assert(
    fc.property(hostilePolicy, fc.constantFrom('mdev', 'mdevd'), (policy, target) => {
      try {
        const lines = renderRules(target as 'mdev', policy).split('\n');
        return lines.every((text) => {
          const found = line.exec(text);
          return text === '' || text.startsWith('# ') || (found && (!found[2] || command.test(found[2])));
        });
      } catch (error) {
        return error instanceof VfioNamesError && error.status === 2;
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});
