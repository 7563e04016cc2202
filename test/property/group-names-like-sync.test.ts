/** For random groups and policies, vfio_id gives the members of groups the names that sync gives them. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import { bindMachine } from '../../src/links/machine.ts';
import { sync } from '../../src/links/sync.ts';
import type { LinkRule } from '../../src/policy/policy.ts';
import { compileUdev } from '../../src/udev/compile.ts';
import { vfioId } from '../../src/vfio-id/vfio-id.ts';
import { FakeRoot, fakeFiles } from '../support/fake-root.ts';
import { link, policyOf, unless, when } from '../support/policies.ts';

const vendors = ['0x8086', '0x10de', '0x1af4'];

const condition = fc.oneof(
  fc.constantFrom(...vendors, '0x*').map((vendor) => when('vendor', vendor)),
  fc.constantFrom(...vendors).map((vendor) => unless('vendor', vendor)),
  fc.constantFrom('*.0', '*.[12]', '0000:02:00.?').map((name) => when('name', name)),
  fc.constantFrom('vfio-pci', 'e1000e').map((driver) => when('driver', driver)),
  fc.constantFrom('14', '2?').map((group) => unless('group', group)),
);

const rule: fc.Arbitrary<LinkRule> = fc
  .record({
    match: fc.array(condition, { maxLength: 2 }),
    template: fc.constantFrom(
      [{ text: 'by-alias/one' }],
      [{ text: 'by-vendor/' }, { fact: 'vendor' as const }],
      [{ text: 'by-group/' }, { fact: 'group' as const }, { text: '-' }, { fact: 'name' as const }],
      [{ text: 'by-driver/' }, { fact: 'driver' as const }, { text: '/' }, { fact: 'function' as const }],
      [{ text: 'by-serial/same' }],
    ),
    priority: fc.constantFrom(0, 0, 5, -3),
  })
  // A fact may have one condition of a kind.
  .map(({ match, template, priority }) => ({
    ...link(
      match.filter(
        ({ fact, negate }, index) =>
          match.findIndex((other) => other.fact === fact && other.negate === negate) === index,
      ),
      'x',
    ),
    template,
    priority,
  }));

interface Member {
  readonly vendor: string;
  readonly driver: string | undefined;
  readonly isBridge: boolean;
}

const member: fc.Arbitrary<Member> = fc.record({
  vendor: fc.constantFrom(...vendors),
  driver: fc.constantFrom('vfio-pci', 'e1000e', undefined),
  isBridge: fc.boolean(),
});
const groups = fc.array(fc.array(member, { minLength: 1, maxLength: 4 }), { maxLength: 4 });

function build(root: FakeRoot, members: readonly (readonly Member[])[]): string[] {
  return members.map((devices, number) => {
    const group = String(number === 0 ? 14 : 20 + number);
    devices.forEach(({ vendor, driver, isBridge }, index) => {
      root.add({
        name: `0000:0${number + 2}:00.${index}`,
        group,
        ...(driver !== undefined && { driver }),
        attributes: { vendor, class: isBridge ? '0x060400' : '0x020000' },
      });
    });
    root.addGroup(group);
    return group;
  });
}

/** The arguments of the calls of vfio_id for a group, as udev splits the line. */
function callsFor(line: string, node: string): string[] {
  const command = /IMPORT\{program\}="\/usr\/lib\/udev\/vfio_id ([^"]*)"/.exec(line)?.[1] ?? '';
  return [...command.matchAll(/'([^']*)'|([^\s']+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').replace('$kernel', node),
  );
}

test('vfio_id prints and makes the names of groups that sync makes, for any groups and policy', (t) => {
  fc.assert(
    fc.property(groups, fc.array(rule, { maxLength: 5 }), (members, linkRules) => {
      const root = new FakeRoot(fs.mkdtempSync(join(tmpdir(), 'vfio-names-test-')));
      try {
        const policy = { ...policyOf({ linkRules }), groups: { enabled: true } as const };
        const nodes = build(root, members);
        const machine = { files: fakeFiles, root: root.dir, version: '0', token: 't' };
        sync(bindMachine(fakeFiles, root.dir, policy, true), 't');
        const made = root.links();

        const printed = new Map<string, Set<string>>();
        const [line = ''] = compileUdev(policy).groups.names.filter((text) =>
          text.includes('IMPORT{program}'),
        );
        for (const node of nodes) {
          const { out, err } = vfioId({ argv: callsFor(line, node), env: {} }, machine);
          t.is(err, '');
          for (const [, links = ''] of out.matchAll(/^ID_VFIO_GROUP_LINKS_\d+=(.*)$/gm))
            for (const name of links.split(' ')) {
              const path = name.replace(/^vfio\//, '');
              printed.set(path, (printed.get(path) ?? new Set()).add(node));
            }
        }
        t.deepEqual([...printed.keys()].sort(), Object.keys(made));
        for (const [path, target] of Object.entries(made))
          t.true(printed.get(path)?.has(target.slice(target.lastIndexOf('/') + 1)), path);

        fs.rmSync(root.at('/dev/vfio/groups'), { recursive: true, force: true });
        const argv = callsFor(line, nodes[0] ?? '14').map((arg) => (arg === 'names' ? 'link' : arg));
        t.deepEqual(vfioId({ argv, env: {} }, machine), { status: 0, out: '', err: '' });
        t.deepEqual(root.links(), made);
      } finally {
        fs.rmSync(root.dir, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});
