import test from 'ava';
import fc from 'fast-check';
import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import type { Facts } from '../../../src/devices/types.ts';
import { withHint } from '../../../src/errors.ts';
import { sanitizePathPart } from '../../../src/names/sanitize.ts';
import type { NamePart, Transform } from '../../../src/policy/policy.ts';
import { applyTransform, parseTemplate, renderName } from '../../../src/policy/template.ts';

const facts: Facts = {
  bus: 'pci',
  name: '0000:01:00.0',
  syspath: '/sys/devices/pci0000:00/0000:01:00.0',
  cdev: 'yes',
  vf: '3',
  label: ' NVIDIA (GA102)/x ',
};

const returns = test.macro((t, parts: readonly NamePart[], expected: string | undefined) => {
  t.is(renderName(parts, facts), expected);
});

test('renderName joins text and facts', returns, [{ text: 'by-x/' }, { fact: 'name' }], 'by-x/0000:01:00.0');
test(
  'renderName returns undefined for a missing fact',
  returns,
  [{ text: 'by-x/' }, { fact: 'pf' }],
  undefined,
);
test(
  'renderName returns undefined for a missing fact with a transform',
  returns,
  [{ text: 'by-x/' }, { fact: 'pf', apply: [{ transform: 'pad', width: 3 }] }],
  undefined,
);
test(
  'renderName replaces a slash in a fact',
  returns,
  [{ text: 'by-x/' }, { fact: 'label' }],
  'by-x/NVIDIA__GA102__x',
);
test(
  'renderName applies transforms in order',
  returns,
  [
    { text: 'by-x/' },
    {
      fact: 'vf',
      apply: [
        { transform: 'pad', width: 3 },
        { transform: 'replace', from: '0', to: 'AB' },
        { transform: 'lower' },
      ],
    },
  ],
  'by-x/abab3',
);
test(
  'renderName returns undefined if sanitizing leaves nothing of a fact',
  returns,
  [{ text: 'by-x/v' }, { fact: 'vf', apply: [{ transform: 'replace', from: '3', to: '' }] }],
  undefined,
);
test(
  'renderName returns undefined for a fact that becomes a dot',
  returns,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ transform: 'replace', from: '3', to: '..' }] }],
  undefined,
);
test(
  'renderName rejects a hidden name',
  returns,
  [{ text: 'by-x/' }, { fact: 'vf', apply: [{ transform: 'replace', from: '3', to: '.vfio-names-3' }] }],
  undefined,
);
test('renderName rejects a reserved first part', returns, [{ text: 'devices/' }, { fact: 'vf' }], undefined);
test('renderName rejects a single part', returns, [{ text: 'by-x' }], undefined);
test(
  'renderName rejects a part longer than 255 bytes',
  returns,
  [{ text: 'by-x/a' }, { fact: 'vf', apply: [{ transform: 'pad', width: 255 }] }],
  undefined,
);
const longest = `by-x${'/a'.repeat(510)}`;
test('renderName accepts a name of 1024 bytes', returns, [{ text: longest }], longest);
test('renderName rejects a name longer than 1024 bytes', returns, [{ text: `${longest}a` }], undefined);

test('lower converts only ASCII letters', (t) => {
  t.is(applyTransform('ÄBC', { transform: 'lower' }), 'Äbc');
});

test('renderName returns a safe name inside its directory for any facts', (t) => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('.', '/', '\\', '\n', '\0', ' ', '$', '%', '"', "'", 'x', '\ud800', '\u202e'),
    }),
    fc.constantFrom('..', '../../etc', '/etc/passwd', '.', '', 'a'.repeat(300), 'é'.repeat(128)),
  );
  const step: fc.Arbitrary<Transform> = fc.oneof(
    fc.constant({ transform: 'lower' as const }),
    fc.record({ transform: fc.constant('pad' as const), width: fc.integer({ min: 1, max: 255 }) }),
    fc.record({
      transform: fc.constant('replace' as const),
      from: fc.constantFrom('x', '.', '/', '_'),
      to: fc.constantFrom('', '/', '..', '.', 'x'),
    }),
  );
  fc.assert(
    fc.property(hostile, hostile, fc.array(step, { maxLength: 2 }), (label, slot, apply) => {
      const device: Facts = { ...facts, label, slot };
      const path = renderName(
        [{ text: 'by-x/' }, { fact: 'label', apply }, { text: '/s' }, { fact: 'slot' }],
        device,
      );
      if (path === undefined) return true;
      const parts = path.split('/');
      return (
        parts.length === 3 && parts[0] === 'by-x' && parts.every((part) => sanitizePathPart(part) === part)
      );
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

const parse = (text: string) => parseTemplate(parseWithoutProcessing(text).body);

const accepts = test.macro({
  exec(t, text: string, parts: readonly NamePart[]) {
    t.deepEqual(parse(text), { parts });
  },
  title: (_, text) => `parseName parses ${text}`,
});

test(accepts, 'by-x/gpu', [{ text: 'by-x/gpu' }]);
test(accepts, 'by-sriov/{{pf}}/vf{{vf}}', [
  { text: 'by-sriov/' },
  { fact: 'pf' },
  { text: '/vf' },
  { fact: 'vf' },
]);
test(accepts, 'by-x/{{pad vf 1}}', [
  { text: 'by-x/' },
  { fact: 'vf', apply: [{ transform: 'pad', width: 1 }] },
]);
test(accepts, 'by-x/{{pad vf 255}}', [
  { text: 'by-x/' },
  { fact: 'vf', apply: [{ transform: 'pad', width: 255 }] },
]);
test(accepts, 'by-x/{{ name }}', [{ text: 'by-x/' }, { fact: 'name' }]);
test(accepts, 'by-x/{{lower mdevType}}', [
  { text: 'by-x/' },
  { fact: 'mdevType', apply: [{ transform: 'lower' }] },
]);
test(accepts, 'by-x/{{pad vf 3}}', [
  { text: 'by-x/' },
  { fact: 'vf', apply: [{ transform: 'pad', width: 3 }] },
]);
test(accepts, `by-x/{{replace (lower (pad name 4)) ":" ''}}`, [
  { text: 'by-x/' },
  {
    fact: 'name',
    apply: [
      { transform: 'pad', width: 4 },
      { transform: 'lower' },
      { transform: 'replace', from: ':', to: '' },
    ],
  },
]);
test(accepts, 'by-{{driver}}/{{name}}', [
  { text: 'by-' },
  { fact: 'driver' },
  { text: '/' },
  { fact: 'name' },
]);
test(accepts, 'by-x/{{[name]}}', [{ text: 'by-x/' }, { fact: 'name' }]);
test(accepts, 'by-größe/x', [{ text: 'by-größe/x' }]);

const rejects = test.macro({
  exec(t, text: string, problem: RegExp) {
    const parsed = parse(text);
    t.regex('problem' in parsed ? withHint({ ...parsed, message: parsed.problem }) : 'fine', problem);
  },
  title: (_, text) => `parseName rejects ${JSON.stringify(text)}`,
});

test(rejects, 'by-x/{{vendr}}', /unknown fact "vendr"; did you mean "vendor"\?/);
test(rejects, 'by-x/{{zzzzzzzz}}', /expected one of bus, name/);
test(rejects, 'by-x/{{upper name}}', /unknown helper "upper"; expected one of lower, pad, replace/);
test(rejects, 'by-x/{{owner}}', /\[\[access\]\] decides it/);
test(rejects, 'by-x/{{fileGroup}}', /\[\[access\]\] decides it/);
test(rejects, 'by-x/{{mode}}', /\[\[access\]\] decides it/);
test(rejects, 'by-x/{{#if pf}}x{{/if}}', /found a block, partial or comment/);
test(rejects, 'by-x/{{> x}}', /found a block, partial or comment/);
test(rejects, 'by-x/{{! x}}y', /found a block, partial or comment/);
test(rejects, 'by-x/{{{{name}}}}y{{{{/name}}}}', /found a block, partial or comment/);
test(rejects, 'by-x/{{{name}}}', /two braces are enough/);
test(rejects, 'by-x/{{&name}}', /two braces are enough/);
test(rejects, 'by-x/{{~name}}', /leave the ~ out/);
test(rejects, 'by-x/{{../name}}', /found "\.\.\/name"/);
test(rejects, 'by-x/{{name.length}}', /found "name\.length"/);
test(rejects, 'by-x/{{@root}}', /found "@root"|unknown fact/);
test(rejects, 'by-x/{{this}}', /found "this"/);
test(rejects, 'by-x/{{lowr name}}', /unknown helper "lowr"; did you mean "lower"\?/);
test(rejects, 'by-x/{{constructor}}', /unknown fact "constructor"/);
test(rejects, 'by-x/{{"text"}}', /write it outside the braces/);
test(rejects, 'by-x/{{5}}', /write it outside the braces/);
test(rejects, 'by-x/{{lower "A"}}', /found "A"; write it outside the braces/);
test(rejects, 'by-x/{{lower (name)}}', /unknown helper "name"/);
test(rejects, 'by-x/{{lower name "a" "b"}}', /expected \{\{lower fact\}\}/);
test(rejects, 'by-x/{{lower}}', /expected \{\{lower fact\}\}, found \{\{lower\}\}/);
test(rejects, 'by-x/{{lower lower}}', /found the helper lower alone/);
test(rejects, 'by-x/{{lower name 3}}', /expected \{\{lower fact\}\}/);
test(rejects, 'by-x/{{pad vf}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf 3 4}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf true}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf 0}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf 1000}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf "3"}}', /width from 1 to 255/);
test(rejects, 'by-x/{{pad vf width=3}}', /found name=value/);
test(rejects, 'by-x/{{replace name ":"}}', /replace fact "from" "to"/);
test(rejects, 'by-x/{{replace name ":" 5}}', /replace fact "from" "to"/);
test(rejects, 'by-x/{{replace name ":" "-" "x"}}', /replace fact "from" "to"/);
test(rejects, 'by-x/{{replace name "" "x"}}', /not empty/);
test(rejects, 'by-x/{{replace name pf "x"}}', /replace fact "from" "to"/);
test(rejects, `by-x/{{replace name '"' "x"}}`, /without quotes/);
test(rejects, '', /begins with a directory of its own/);
test(rejects, 'gpu', /begins with a directory of its own/);
test(rejects, `gpus/${'a'.repeat(75)}`, new RegExp(`found "gpus/${'a'.repeat(75)}"$`));
test(rejects, `gpus/${'a'.repeat(76)}`, new RegExp(`found "gpus/${'a'.repeat(75)}\\.\\.\\."$`));
test(rejects, 'my-by-x/{{name}}', /begins with a directory of its own/);
test(rejects, 'gpus/{{name}}', /begins with a directory of its own/);
test(rejects, 'pci/{{name}}', /begins with a directory of its own/);
test(rejects, 'devices/{{name}}', /begins with a directory of its own/);
test(rejects, '{{bus}}/{{name}}', /begins with a directory of its own/);
test(rejects, 'by-/{{name}}', /begins with a directory of its own/);
test(rejects, 'by-{{name}}', /expected a directory and a name, "by-x\/...", found only "by-\{\{name\}\}"/);
test(rejects, '/by-x/{{name}}', /lies below \/dev\/vfio/);
test(rejects, 'by-x/', /a part of the name is empty/);
test(rejects, 'by-x//{{name}}', /a part of the name is empty/);
test(rejects, 'by-x/../{{name}}', /begins with a dot/);
test(rejects, 'by-x/./{{name}}', /begins with a dot/);
test(rejects, 'by-x/.{{name}}', /begins with a dot/);
test(rejects, 'by-x/a b', /the character " "/);
test(rejects, 'by-x/$(x)', /the character "\$"/);
test(rejects, 'by-x/"', /the character "\\?""/);
test(rejects, 'by-x/\\{{name}}', /the character "\{"/);
test(rejects, 'by-x/\n', /the character "\\x0a"/);
test(rejects, `by-x/${'a'.repeat(256)}`, /more than 255 bytes/);

test('parseName throws errors that are not template errors', (t) => {
  const node = {
    type: 'ContentStatement',
    get value(): string {
      throw new RangeError('not of the template');
    },
  };
  t.throws(() => parseTemplate([node]), { instanceOf: RangeError });
});
