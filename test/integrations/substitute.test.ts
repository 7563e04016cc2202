import test from 'ava';
import fc from 'fast-check';
import { fdsVariable, type Given, substitute } from '../../src/integrations/substitute.ts';

const one: Given = { fd: 3, label: 'pci/0000:01:00.0', names: ['01:00.0', '0000:01:00.0', 'vfio0'] };
const two: Given = { fd: 4, label: 'pci/0000:02:00.0', names: ['vfio1', '0000:02:00.0'] };

const becomes = test.macro({
  exec(t, word: string, expected: string) {
    t.deepEqual(substitute([word], [one], 4), [expected]);
  },
  title: (_, word: string, expected: string) => `${word} becomes ${expected}`,
});
test(becomes, 'vfio-pci,fd={fd},iommufd=i0', 'vfio-pci,fd=3,iommufd=i0');
test(becomes, 'iommufd,id=i0,fd={iommufd}', 'iommufd,id=i0,fd=4');
test(becomes, '{fd:vfio0}{fd:01:00.0}', '33');
test(becomes, '{"driver":"vfio-pci","fd":"{fd}"}', '{"driver":"vfio-pci","fd":"3"}');
test(becomes, '{}{fds}{FD}{ fd }$(reboot) `x`', '{}{fds}{FD}{ fd }$(reboot) `x`');
test(becomes, '$&{fd}', '$&3');

const refused = test.macro({
  exec(t, word: string, devices: readonly Given[], pattern: RegExp) {
    t.throws(() => substitute(['{}', word], devices, undefined), { code: 'usage', message: pattern });
  },
  title: (_, word: string, devices: readonly Given[]) =>
    `${JSON.stringify(word)} with ${devices.length} devices and no --iommu is refused`,
});
test(refused, '{fd}', [one, two], /expected one NAME with \{fd\}, found 2/);
test(refused, '{iommufd}', [one], /no --iommu/);
test(refused, '{fd:vfio2}', [one, two], /found vfio2; did you mean vfio\d\?/);
test(refused, '{fd:a\nb}', [one], /found a\\x0ab; give it as 01:00\.0 or /);
test(refused, '{fd:}', [one], /found ; give it as/);

test('words without our placeholders stay as they are, one word each', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      fc.pre(!words.some((word) => /\{(fd|iommufd)/.test(word)));
      t.deepEqual(substitute(words, [one, two], undefined), words);
    }),
    { numRuns: 200 },
  );
});

test('the variable has every descriptor by its name, in order', (t) => {
  t.is(fdsVariable([one, two], 5), 'pci/0000:01:00.0=3 pci/0000:02:00.0=4 iommu=5');
  t.is(fdsVariable([one], undefined), 'pci/0000:01:00.0=3');
});
