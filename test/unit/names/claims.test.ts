import test from 'ava';
import fc from 'fast-check';
import type { Device } from '../../../src/devices/types.ts';
import {
  type Assignment,
  type Claim,
  claimsOf,
  compareClaims,
  isExclusive,
  parentDirectories,
  resolveClaims,
} from '../../../src/names/claims.ts';
import { linkTarget } from '../../../src/names/scheme.ts';

const gpu: Device = {
  bus: 'pci',
  name: '0000:01:00.0',
  sysname: 'vfio0',
  devnum: '247:0',
  syspath: '/sys/devices/a',
};
const nic: Device = {
  bus: 'pci',
  name: '0000:02:00.0',
  sysname: 'vfio1',
  devnum: '247:1',
  syspath: '/sys/devices/b',
};
const { devnum: _, ...withoutNode } = { ...gpu, name: '0000:03:00.0', sysname: 'vfio2' };

test("claimsOf claims the link of scheme 1 and the policy's names for every device with a node", (t) => {
  const claims = claimsOf([gpu, withoutNode], () => [{ path: 'by-alias/gpu', priority: 5 }]);
  t.deepEqual(claims, [
    { link: 'pci/0000:01:00.0', device: gpu, priority: Number.POSITIVE_INFINITY },
    { link: 'by-alias/gpu', device: gpu, priority: 5 },
  ]);
});

test('claimsOf claims only the link of scheme 1 without a policy', (t) => {
  t.deepEqual(
    claimsOf([gpu, nic]).map(({ link }) => link),
    ['pci/0000:01:00.0', 'pci/0000:02:00.0'],
  );
});

test('only the names by serial number of devices and of groups are exclusive', (t) => {
  for (const link of ['by-serial/1', 'groups/by-serial/1']) t.true(isExclusive(link), link);
  for (const link of ['by-serials/1', 'by-x/by-serial/1', 'groups/by-x/by-serial/1', 'by-serial'])
    t.false(isExclusive(link), link);
});

test('a policy cannot override a link of scheme 1', (t) => {
  const claims = claimsOf([gpu, nic], (device) =>
    device === gpu ? [{ path: 'pci/0000:02:00.0', priority: Number.MAX_VALUE }] : [],
  );
  const { winners, conflicts } = resolveClaims(claims);
  t.is(winners.get('pci/0000:02:00.0')?.device, nic);
  t.deepEqual(conflicts, [{ link: 'pci/0000:02:00.0', winner: nic, losers: [gpu] }]);
});

function device(name: string, number: number): Device {
  return {
    bus: 'pci',
    name,
    sysname: `vfio${number}`,
    devnum: `247:${number}`,
    syspath: `/sys/devices/${name}`,
  };
}

const [a, b, c] = [device('0000:09:00.0', 0), device('0000:10:00.0', 1), device('0000:11:00.0', 2)] as const;

function claim(link: string, of: Device, priority = 0): Claim {
  return { link, device: of, priority };
}

/** Formats a result: links with their winners, and conflicts as `link: winner over losers`. */
function format({ winners, conflicts }: Assignment): unknown {
  return [
    Object.fromEntries(
      [...winners]
        .map(([link, { device }]) => [link, `${device.name} ${linkTarget(link, device.sysname)}`])
        .sort(),
    ),
    conflicts.map(
      ({ link, winner, losers, nestedWith }) =>
        `${link}: ${winner?.name} over ${losers.map((loser) => loser.name).join(' ')}${nestedWith === undefined ? '' : ` below ${nestedWith}`}`,
    ),
  ];
}

test('the claim with the higher priority wins, then the lower device name', (t) => {
  t.deepEqual(
    format(
      resolveClaims([claim('by-x/n', b), claim('by-x/n', a), claim('by-x/m', a), claim('by-x/m', c, 1)]),
    ),
    [
      { 'by-x/n': '0000:09:00.0 ../devices/vfio0', 'by-x/m': '0000:11:00.0 ../devices/vfio2' },
      ['by-x/m: 0000:11:00.0 over 0000:09:00.0', 'by-x/n: 0000:09:00.0 over 0000:10:00.0'],
    ],
  );
});

test('claims compare device names before sysnames', (t) => {
  const [low, high] = [device('0000:09:00.0', 7), device('0000:10:00.0', 3)];
  t.is(resolveClaims([claim('by-x/n', high), claim('by-x/n', low)]).winners.get('by-x/n')?.device, low);
  const twin = { ...low, sysname: 'vfio8' };
  for (const order of [
    [low, twin],
    [twin, low],
  ])
    t.deepEqual(resolveClaims(order.map((claimant) => claim('by-x/n', claimant))).conflicts, [
      { link: 'by-x/n', winner: low, losers: [twin] },
    ]);
  t.deepEqual(
    [compareClaims(claim('x', low), claim('x', twin)), compareClaims(claim('x', twin), claim('x', low))],
    [-1, 1],
  );
});

test('a conflict lists all losers in order', (t) => {
  t.deepEqual(resolveClaims([claim('by-x/n', c), claim('by-x/n', a), claim('by-x/n', b)]).conflicts, [
    { link: 'by-x/n', winner: a, losers: [b, c] },
  ]);
});

test('a device that claims one link twice uses its higher priority, without a conflict', (t) => {
  const { winners, conflicts } = resolveClaims([
    claim('by-x/n', b),
    claim('by-x/n', a, 1),
    claim('by-x/n', b, 2),
  ]);
  t.is(winners.get('by-x/n')?.device, b);
  t.deepEqual(
    conflicts.map((conflict) => conflict.losers),
    [[a]],
  );
  t.deepEqual(resolveClaims([claim('by-x/n', b), claim('by-x/n', b)]).conflicts, []);
});

test('of two nested links, the one with the weaker claim is removed', (t) => {
  t.deepEqual(format(resolveClaims([claim('by-x/n', a), claim('by-x/n/m', b, 1), claim('by-x/o', c)])), [
    { 'by-x/n/m': '0000:10:00.0 ../../devices/vfio1', 'by-x/o': '0000:11:00.0 ../devices/vfio2' },
    ['by-x/n: 0000:10:00.0 over 0000:09:00.0 below by-x/n/m'],
  ]);
  t.deepEqual(format(resolveClaims([claim('by-x/n', a, 1), claim('by-x/n/m', b)])), [
    { 'by-x/n': '0000:09:00.0 ../devices/vfio0' },
    ['by-x/n/m: 0000:09:00.0 over 0000:10:00.0 below by-x/n'],
  ]);
});

test('of two nested links of one device, the upper link stays', (t) => {
  for (const links of [
    ['by-x/n', 'by-x/n/m'],
    ['by-x/n/m', 'by-x/n'],
  ])
    t.deepEqual(format(resolveClaims(links.map((link) => claim(link, a)))), [
      { 'by-x/n': '0000:09:00.0 ../devices/vfio0' },
      ['by-x/n/m: 0000:09:00.0 over 0000:09:00.0 below by-x/n'],
    ]);
});

test('each pair of nested links is resolved independently', (t) => {
  t.deepEqual(
    format(
      resolveClaims([claim('by-x/n', a), claim('by-x/n/m', b), claim('by-y/n', b), claim('by-y/n/m', a)]),
    ),
    [
      { 'by-x/n': '0000:09:00.0 ../devices/vfio0', 'by-y/n/m': '0000:09:00.0 ../../devices/vfio0' },
      [
        'by-x/n/m: 0000:09:00.0 over 0000:10:00.0 below by-x/n',
        'by-y/n: 0000:09:00.0 over 0000:10:00.0 below by-y/n/m',
      ],
    ],
  );
});

test('a link has two conflicts if its winner loses to a link below it', (t) => {
  t.deepEqual(format(resolveClaims([claim('by-x/n', b), claim('by-x/n', a), claim('by-x/n/m', c, 1)])), [
    { 'by-x/n/m': '0000:11:00.0 ../../devices/vfio2' },
    ['by-x/n: 0000:09:00.0 over 0000:10:00.0', 'by-x/n: 0000:11:00.0 over 0000:09:00.0 below by-x/n/m'],
  ]);
});

const devices = fc
  .uniqueArray(fc.nat(5), { minLength: 1, maxLength: 5 })
  .map((numbers) => numbers.map((number) => device(`0000:${number}:00.0`, number)));
const claims = devices.chain((choices) =>
  fc.array(
    fc.record({
      link: fc.constantFrom('by-x/a', 'by-x/a/b', 'by-x/a/b/c', 'by-x/b', 'by-y/a', 'by-y/a/c'),
      device: fc.constantFrom(...choices),
      priority: fc.constantFrom(0, 0, 1, -1, Number.POSITIVE_INFINITY),
    }),
    { maxLength: 14 },
  ),
);

test('each link has one winner from its claims, and no links are nested', (t) => {
  fc.assert(
    fc.property(claims, (input) => {
      const { winners } = resolveClaims(input);
      for (const [link, { device: winner }] of winners) {
        t.true(input.some((claimant) => claimant.link === link && claimant.device === winner));
        for (const other of winners.keys()) t.false(other.startsWith(`${link}/`));
      }
    }),
    { numRuns: 150 },
  );
});

test('a name by serial number that two devices claim is given to neither', (t) => {
  const input = [claim('by-serial/s.0', a), claim('by-serial/s.0', b, 9), claim('by-serial/t.0', c)];
  t.deepEqual(format(resolveClaims(input)), [
    { 'by-serial/t.0': `${c.name} ../devices/vfio2` },
    [`by-serial/s.0: undefined over ${b.name} ${a.name}`],
  ]);
  const own = [claim('by-serial/s.0', a), claim('by-serial/s.0', a, 9)];
  t.is(resolveClaims(own).winners.get('by-serial/s.0')?.device, a);
  t.deepEqual(resolveClaims(own).conflicts, []);
});

test('the number of comparisons grows linearly with the claims on one link, and with nested links', (t) => {
  const reads = (count: number, links: (index: number) => readonly string[]): number => {
    let found = 0;
    const input = Array.from({ length: count }, (_, index) => {
      const of = device(`0000:${(index >> 8).toString(16).padStart(2, '0')}:00.0`, index);
      return links(index).map(
        (link): Claim => ({
          link,
          priority: 0,
          get device() {
            found++;
            return of;
          },
        }),
      );
    }).flat();
    resolveClaims(input);
    return found;
  };
  for (const links of [() => ['by-x/all'], (index: number) => [`by-x/${index}`, `by-x/${index}/n`]]) {
    const [few, many] = [reads(500, links), reads(4000, links)];
    t.true(many < few * 16, `${few} reads for 500 devices, ${many} for 4000`);
  }
});

test('every losing claim is reported in a conflict', (t) => {
  fc.assert(
    fc.property(claims, (input) => {
      const { winners, conflicts } = resolveClaims(input);
      for (const { link, device: claimant } of input)
        t.true(
          winners.get(link)?.device === claimant ||
            conflicts.some((conflict) => conflict.link === link && conflict.losers.includes(claimant)),
        );
    }),
    { numRuns: 150 },
  );
});

test('a winning claim never has a lower priority than a losing claim', (t) => {
  fc.assert(
    fc.property(claims, (input) => {
      const priority = (link: string, claimant: Device): number =>
        Math.max(...input.filter((x) => x.link === link && x.device === claimant).map((x) => x.priority));
      for (const { link, winner, losers, nestedWith } of resolveClaims(input).conflicts)
        for (const loser of losers)
          t.true(winner !== undefined && priority(nestedWith ?? link, winner) >= priority(link, loser));
    }),
    { numRuns: 150 },
  );
});

test('the winners do not depend on the order of the claims', (t) => {
  fc.assert(
    fc.property(
      claims.chain((input) =>
        fc.tuple(fc.constant(input), fc.shuffledSubarray(input, { minLength: input.length })),
      ),
      ([input, shuffled]) => {
        t.deepEqual(format(resolveClaims(shuffled)), format(resolveClaims(input)));
      },
    ),
    { numRuns: 150 },
  );
});

test('parentDirectories returns the outermost directory first', (t) => {
  t.deepEqual(parentDirectories('by-a/b/c'), ['by-a', 'by-a/b']);
  t.deepEqual(parentDirectories('x'), []);
});
