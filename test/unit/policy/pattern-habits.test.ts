import test from 'ava';
import fc from 'fast-check';
import type { FactName } from '../../../src/devices/types.ts';
import { buildPolicy } from '../../../src/policy/build.ts';
import { globMatches } from '../../../src/policy/glob.ts';
import { canMatch, pciAddressForm } from '../../../src/policy/pattern-forms.ts';
import { patternWarning } from '../../../src/policy/pattern-habits.ts';

const warns = test.macro({
  exec(t, fact: FactName, pattern: string, message: RegExp) {
    t.regex(patternWarning(fact, pattern)?.message ?? '', message);
  },
  title: (_, fact, pattern) => `config warns about ${fact} = "${pattern}"`,
});
test(warns, 'name', '^0000:01:00.0$', /"\^" and "\$" mean themselves/);
test(warns, 'driver', '^vfio-pci', /"\^" and "\$"/);
test(warns, 'label', '*GPU$', /"\^" and "\$"/);
test(warns, 'driver', 'vfio-.+', /regular expression/);
test(warns, 'driver', 'vfio.*', /regular expression/);
test(warns, 'driver', '.*', /regular expression/);
test(warns, 'label', '.*NVIDIA', /regular expression/);
test(warns, 'name', '0000:.*', /regular expression/);
test(warns, 'name', '[0-9]+', /regular expression/);
test(warns, 'driver', '(vfio)*', /regular expression/);
test(warns, 'driver', '!vfio-pci', /"!" means itself/);
test(warns, 'label', '!*GPU*', /"!" means itself/);
test(warns, 'driver', '(vfio-pci)', /parentheses/);
test(warns, 'name', '(0000:01:00.0)', /parentheses/);
test(warns, 'driver', 'vfio-pci,mlx5_vfio_pci', /no alternatives/);
test(warns, 'driver', '{vfio-pci,mlx5}', /no alternatives/);
test(warns, 'driver', 'vfio+', /plain name/);
test(warns, 'driver', 'vfio/*', /plain name/);
test(warns, 'bus', '*pci express*', /plain name/);
test(warns, 'name', ' 01:00.0', /blank/);
test(warns, 'label', '*GPU ', /blank/);
test(warns, 'name', '0000:01:20.0', /looks like a PCI address/);
test(warns, 'name', '0000:01:00.8', /looks like a PCI address/);
test(warns, 'name', '0000:1:*', /looks like a PCI address/);
test(warns, 'serial', '01-00-00-00-68-4c-e0-00', /many cards/);

const accepts = test.macro({
  exec(t, fact: FactName, pattern: string) {
    t.is(patternWarning(fact, pattern), undefined);
  },
  title: (_, fact, pattern) => `config does not warn about ${fact} = "${pattern}"`,
});
test(accepts, 'name', '0000:01:00.*');
test(accepts, 'name', '*:01:00.0');
test(accepts, 'name', '0000:0[1-3]:*');
test(accepts, 'name', '*.1');
test(accepts, 'name', 'fe980000.usb');
test(accepts, 'name', '83b8f4f2-*');
test(accepts, 'label', 'Realtek Semiconductor Co., Ltd.*');
test(accepts, 'label', '*(rev 03)*');
test(accepts, 'label', '*[[]GeForce RTX 4090]*');
test(accepts, 'slot', '3 (CPU1)');
test(accepts, 'driver', '*vfio[-_]pci');
test(accepts, 'mdevType', 'i915-GVTg_V5_4');
test(accepts, 'path', 'pci0000_00-06.*');
test(accepts, 'syspath', '/sys/devices/pci0000:00/*');
test(accepts, 'group', '1?');

test('config check warns on the line of the pattern', (t) => {
  const text = '[[link]]\nname = "by-x/{{name}}"\nmatch.driver = [\n  "vfio-pci",\n  "vfio-.+",\n]\n';
  const { errors, warnings } = buildPolicy([{ file: '/a.toml', text }]);
  t.deepEqual(errors, []);
  t.deepEqual(
    warnings.map(({ source, key }) => [source.line, key]),
    [[5, 'link.match.driver']],
  );
});

test('a pattern can match an address if and only if some address matches it', (t) => {
  const digit = fc.constantFrom('0', '1', '7', '8', 'a', 'f');
  const address = fc
    .tuple(digit, digit, digit, fc.constantFrom('0', '1'), fc.constantFrom('0', '3', '7'))
    .map(([a, b, c, d, e]) => `000${a}:${b}${c}:${d}${c}.${e}`);
  const changed = address.chain((text) =>
    fc
      .array(fc.tuple(fc.nat(text.length - 1), fc.constantFrom('*', '?', '[0-9]', '[!a]', 'g', '')), {
        maxLength: 4,
      })
      .map((edits) => {
        const letters: string[] = Array.from(text);
        for (const [at, edit] of edits) letters[at] = edit;
        return letters.join('');
      }),
  );
  fc.assert(
    fc.property(changed, address, (pattern, text) => {
      if (globMatches(pattern, text)) t.true(canMatch(pattern, pciAddressForm), `${pattern} ${text}`);
    }),
  );
  for (const pattern of ['*', '????:??:??.?', '*:*:*.*', '0000:01:1[0-9].0', '0000*0'])
    t.true(canMatch(pattern, pciAddressForm), pattern);
  for (const pattern of ['', '???', '*g*', '0000:01:2?.0', '0000:01:00.[89]', '*:*:*:*.0', '0000:01:00'])
    t.false(canMatch(pattern, pciAddressForm), pattern);
});

test('a long pattern is compared with a form in time', (t) => {
  t.false(canMatch('*a'.repeat(2000), pciAddressForm));
});
