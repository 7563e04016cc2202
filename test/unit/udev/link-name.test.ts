import test from 'ava';
import type { FactName } from '../../../src/devices/types.ts';
import { VfioNamesError } from '../../../src/errors.ts';
import type { NamePart, Transform } from '../../../src/policy/policy.ts';
import { compileName } from '../../../src/udev/link-name.ts';
import { errorLine } from '../../support/error-line.ts';

const fact = (name: FactName, ...apply: Transform[]): NamePart =>
  apply.length > 0 ? { fact: name, apply } : { fact: name };
const replace = (from: string, to: string): Transform => ({ transform: 'replace', from, to });
const pad = (width: number): Transform => ({ transform: 'pad', width });
const lower: Transform = { transform: 'lower' };

/** What udev writes for one fact after fixed text; `undefined` if only vfio_id can build the name. */
const written = (part: NamePart, bus = 'pci'): string | undefined =>
  compileName([{ text: 'by-x/' }, part], bus)?.text?.slice('by-x/'.length);

test('udev writes a fact by its own substitution, or by the property that vfio_id prints', (t) => {
  for (const [name, text] of [
    ['bus', 'pci'],
    ['cdev', 'yes'],
    ['name', '$id'],
    ['driver', '$driver'],
    ['vendor', '$attr{vendor}'],
    ['numaNode', '$attr{numa_node}'],
    ['node', '$kernel'],
    ['devnum', '$major:$minor'],
    ['function', '$env{ID_VFIO_FUNCTION}'],
    ['pfDriver', '$env{ID_VFIO_PF_DRIVER}'],
  ] as const)
    t.is(written(fact(name)), text, name);
});

test('vfio_id builds a name with a fact that can have a slash', (t) => {
  for (const name of ['syspath', 'label', 'groupNode'] as const) t.is(written(fact(name)), undefined, name);
});

test('a transform that cannot change the text of a fact is not needed in a rule, any other needs vfio_id', (t) => {
  const digits = ['numaNode', 'group', 'vf', 'function'] as const;
  for (const name of digits) {
    for (const step of [lower, pad(1), replace('a', 'b'), replace('1a', 'b')])
      t.is(written(fact(name, step)), written(fact(name)), name);
    for (const step of [pad(2), replace('1', '2'), replace('12', '')])
      t.is(written(fact(name, step)), undefined, name);
  }
  for (const name of ['vendor', 'class', 'revision'] as const) {
    for (const step of [lower, pad(4), replace('g', '_'), replace('0:', '_')])
      t.is(written(fact(name, step)), written(fact(name)), name);
    for (const step of [pad(5), replace('0x', ''), replace('f', 'F')])
      t.is(written(fact(name, step)), undefined, name);
  }
  for (const name of ['name', 'pf'] as const) {
    for (const step of [lower, pad(12), replace('-', '_')])
      t.is(written(fact(name, step)), written(fact(name)), name);
    for (const step of [pad(13), replace(':', '_'), replace('.', '')])
      t.is(written(fact(name, step)), undefined, name);
  }
  for (const step of [lower, pad(36), replace(':', '_')]) t.is(written(fact('name', step), 'mdev'), '$id');
  for (const step of [pad(37), replace('-', '_')]) t.is(written(fact('name', step), 'mdev'), undefined);
  for (const name of ['driver', 'slot', 'node'] as const)
    for (const step of [lower, pad(1), replace('~', '_')]) t.is(written(fact(name, step)), undefined, name);
  for (const step of [lower, pad(1), replace('~', '_')])
    t.is(written(fact('name', step), 'platform'), undefined);
  t.is(written(fact('vendor', lower, replace('0x', ''))), undefined);
});

test('the transforms of the bus are applied in the rule itself', (t) => {
  t.is(written(fact('bus', replace('ci', '$'), pad(4))), '00p_');
  t.is(written(fact('bus', replace('pci', ''))), undefined);
  t.is(written(fact('bus'), 'fsl-mc'), 'fsl-mc');
});

test('a name requires its facts: keys of udev where it knows them, and properties that vfio_id printed', (t) => {
  t.deepEqual(compileName([{ text: 'by-x/' }, fact('vendor'), fact('vendor'), fact('name')], 'pci'), {
    text: 'by-x/$attr{vendor}$attr{vendor}$id',
    keys: ['ATTRS{vendor}=="0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"'],
    helperKeys: [],
  });
  t.deepEqual(
    compileName([{ text: 'by-x/' }, fact('pf'), fact('function'), fact('label'), fact('pf')], 'pci'),
    {
      keys: ['TEST=="/sys/bus/pci/devices/$id/physfn"'],
      helperKeys: ['ENV{ID_VFIO_PF}=="?*"', 'ENV{ID_VFIO_FUNCTION}=="?*"', 'ENV{ID_VFIO_LABEL}=="?*"'],
    },
  );
});

test('a bus whose devices cannot have a fact of a name has no rule for it', (t) => {
  t.is(compileName([{ text: 'by-x/' }, fact('name'), fact('slot')], 'mdev'), undefined);
  t.is(compileName([{ text: 'by-x/' }, fact('function')], 'platform'), undefined);
  t.is(compileName([{ text: 'by-x/' }, fact('mdevType')], 'pci'), undefined);
  t.is(compileName([{ text: 'by-x/' }, fact('mdevType')], 'mdev')?.text, 'by-x/$env{ID_VFIO_MDEV_TYPE}');
});

test('ID_PATH_TAG stands for pci- and the name with _ for : and ., and for no other name', (t) => {
  const dots = replace('.', '_');
  const colons = replace(':', '_');
  const tagText = (part: NamePart, bus = 'pci', before = 'by-x/pci-'): string | undefined =>
    compileName([{ text: before }, part], bus)?.tagText;
  t.is(tagText(fact('name', dots, colons)), 'by-x/$env{ID_PATH_TAG}');
  t.is(tagText(fact('name', colons, dots)), 'by-x/$env{ID_PATH_TAG}');
  t.is(
    compileName([fact('bus'), { text: '-' }, fact('name', colons, dots)], 'pci')?.tagText,
    '$env{ID_PATH_TAG}',
  );
  for (const part of [
    fact('name'),
    fact('name', dots),
    fact('name', dots, dots),
    fact('name', colons, replace('.', '-')),
    fact('name', dots, colons, replace('0', '1')),
    fact('name', dots, colons, pad(20)),
    fact('name', lower, replace('.:', '_')),
    fact('name', replace('.:', '_')),
    fact('pf', dots, colons),
  ])
    t.is(tagText(part), undefined, JSON.stringify(part));
  t.is(tagText(fact('name', dots, colons), 'mdev'), undefined);
  for (const before of ['by-x/', 'by-x/pci:', 'by-x/ci-'])
    t.is(tagText(fact('name', dots, colons), 'pci', before), undefined, before);
});

test('fixed text is sanitized as udev does, and a text that is too long is an error', (t) => {
  t.is(compileName([{ text: 'by-x/a$b%c' }], 'pci')?.text, 'by-x/a_b_c');
  const error = t.throws(() => compileName([{ text: `by-x/${'a'.repeat(256)}` }], 'pci'), {
    instanceOf: VfioNamesError,
  });
  t.is(error && errorLine(error), 'udev cannot express a name of more than 255 bytes; make it shorter');
});

test('a name cannot have a fact that the rules themselves set', (t) => {
  const error = t.throws(() => compileName([{ text: 'by-x/' }, fact('mode')], 'pci'), {
    instanceOf: VfioNamesError,
  });
  t.is(
    error && errorLine(error),
    'udev cannot express {{mode}} in a name; it is what the rules themselves set; take another fact',
  );
});
