import test from 'ava';
import { VfioNamesError } from '../../../src/errors.ts';
import type { Condition } from '../../../src/policy/policy.ts';
import { compileMatch } from '../../../src/udev/match.ts';
import { errorLine } from '../../support/error-line.ts';
import { unless, when } from '../../support/policies.ts';

const onPci = when('bus', 'pci');

/** The keys that each alternative of a match on bus pci has besides those of every match. */
function pciKeys(...match: Condition[]): string[][] {
  const own = ['SUBSYSTEMS=="pci"', 'TEST=="/sys/bus/pci/devices/$id/vfio-dev/$kernel"'];
  return compileMatch([onPci, ...match]).flatMap(({ udevKeys }) =>
    udevKeys.map((keys) => keys.filter((key) => !own.includes(key))),
  );
}

test('no pattern matches a missing fact of vfio_id, not even *', (t) => {
  const keys = (negate: boolean) =>
    compileMatch([
      { fact: 'bus', negate: false, patterns: ['pci'] },
      { fact: 'pf', negate, patterns: ['*'] },
    ]).flatMap((selection) => selection.helperKeys);
  t.true(keys(false).includes('ENV{ID_VFIO_PF}=="?*"'));
  t.true(keys(true).includes('ENV{ID_VFIO_PF}!="?*"'));
});

test('a pattern of several stars needs the fact too, and a pattern with other text is kept', (t) => {
  for (const [pattern, written] of [
    ['**', '?*'],
    ['*a', '*a'],
    ['a*', 'a*'],
  ] as const)
    t.deepEqual(compileMatch([onPci, when('slot', pattern)])[0]?.helperKeys, [
      'ENV{.VFIO_NAMES}=="yes"',
      `ENV{ID_VFIO_SLOT}=="${written}"`,
    ]);
});

test('every match selects the device of the node, and a match on the event does not need vfio_id', (t) => {
  t.deepEqual(compileMatch([onPci]), [
    {
      bus: 'pci',
      udevKeys: [['SUBSYSTEMS=="pci"', 'TEST=="/sys/bus/pci/devices/$id/vfio-dev/$kernel"']],
      helperKeys: [],
    },
  ]);
  t.deepEqual(pciKeys(when('node', 'vfio[0-3]'), unless('devnum', '247:*')), [
    ['KERNEL=="vfio[0-3]"', 'ATTR{dev}!="247:*"'],
  ]);
  t.deepEqual(pciKeys(when('driver', 'vfio-pci'), unless('name', '*.1')), [
    ['DRIVERS=="vfio-pci"', 'KERNELS!="*.1"'],
  ]);
});

test('a match names the buses on which it can be true', (t) => {
  const buses = (...match: Condition[]): string[] => compileMatch(match).map(({ bus }) => bus);
  const all = buses();
  t.true(['pci', 'mdev', 'platform'].every((bus) => all.includes(bus)));
  t.deepEqual(buses(when('bus', 'pci', 'own-bus')), ['pci', 'own-bus']);
  t.deepEqual(
    buses(unless('bus', 'pci', 'own-bus')),
    all.filter((bus) => bus !== 'pci'),
  );
  t.deepEqual(buses(when('bus', 'p*'), unless('bus', 'platform')), ['pci']);
  t.deepEqual(buses(when('function', '0')), ['pci']);
  t.deepEqual(buses(unless('function', '0')), all);
  t.deepEqual(buses(when('pf', '*')), ['pci']);
  t.deepEqual(buses(unless('pf', '*')), all);
  t.deepEqual(buses(when('mdevType', '*')), ['mdev']);
  t.deepEqual(buses(when('group', '1')), all);
  t.deepEqual(buses(when('cdev', 'no')), []);
  t.deepEqual(buses(when('cdev', 'yes')), all);
});

test('a match on a fact of a file requires the file, the opposite of the match does not', (t) => {
  t.deepEqual(pciKeys(when('vf', '3')), [['TEST=="/sys/bus/pci/devices/$id/physfn"']]);
  t.deepEqual(pciKeys(unless('vf', '3')), [[]]);
  t.deepEqual(pciKeys(when('slot', '3')), [[]]);
});

test('an attribute that a pattern could match without being a fact must have the form of the fact, too', (t) => {
  const form = 'ATTRS{vendor}=="0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"';
  t.deepEqual(pciKeys(when('vendor', '0x10de')), [['ATTRS{vendor}=="0x10de"']]);
  t.deepEqual(pciKeys(when('vendor', '0x10de', '0x1*')), [['ATTRS{vendor}=="0x10de|0x1*"', form]]);
  t.deepEqual(pciKeys(when('vendor', '0x10de', 'none')), [['ATTRS{vendor}=="0x10de|none"', form]]);
  t.deepEqual(pciKeys(when('vendor', '0x????')), [['ATTRS{vendor}=="0x????"', form]]);
  t.deepEqual(pciKeys(unless('vendor', '0x10de')), [['ATTRS{vendor}!="0x10de"']]);
  t.deepEqual(pciKeys(unless('numaNode', '0')), [
    ['ATTRS{numa_node}!="0"'],
    ['TEST!="/sys/bus/pci/devices/$id/numa_node"'],
  ]);
});

test('a match on the syspath is written as the path of the node, for patterns that udev can compare', (t) => {
  t.deepEqual(pciKeys(when('syspath', '/sys/devices/pci0000:00/*')), [
    ['DEVPATH=="/devices/pci0000:00/*/vfio-dev/vfio*"'],
  ]);
  t.deepEqual(pciKeys(unless('syspath', '*/0000:01:00.0')), [['DEVPATH!="*/0000:01:00.0/vfio-dev/vfio*"']]);
  for (const pattern of ['*', '/devices/x', '/sys/x', 'x/sys/devices/x', '*/sys/devices/x', 'x*/y'])
    t.is(
      errorLine(
        t.throws(() => compileMatch([onPci, when('syspath', pattern)]), { instanceOf: VfioNamesError }),
      ),
      `udev cannot express the syspath pattern "${pattern}"; begin it with /sys/devices/ or */`,
    );
});

test('a match on what the rules themselves set is an error', (t) => {
  t.is(
    errorLine(t.throws(() => compileMatch([onPci, when('mode', '0660')]), { instanceOf: VfioNamesError })),
    'udev cannot express a match on mode; it is what the rules themselves set; match another fact',
  );
});
