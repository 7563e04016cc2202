import test from 'ava';
import { parseWithoutProcessing } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import type { NamePart } from '../../src/config/policy.ts';
import { parseName } from '../../src/names/template-parse.ts';

const parse = (text: string) => parseName(parseWithoutProcessing(text).body);

const reads = test.macro({
  exec(t, text: string, parts: readonly NamePart[]) {
    t.deepEqual(parse(text), { parts });
  },
  title: (_, text) => `${text} is a name`,
});

test(reads, 'by-x/gpu', [{ text: 'by-x/gpu' }]);
test(reads, 'by-sriov/{{pf}}/vf{{vf}}', [
  { text: 'by-sriov/' },
  { fact: 'pf' },
  { text: '/vf' },
  { fact: 'vf' },
]);
test(reads, 'by-x/{{pad vf 1}}', [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'pad', width: 1 }] }]);
test(reads, 'by-x/{{pad vf 255}}', [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'pad', width: 255 }] }]);
test(reads, 'by-x/{{ name }}', [{ text: 'by-x/' }, { fact: 'name' }]);
test(reads, 'by-x/{{lower mdevType}}', [{ text: 'by-x/' }, { fact: 'mdevType', apply: [{ kind: 'lower' }] }]);
test(reads, 'by-x/{{pad vf 3}}', [{ text: 'by-x/' }, { fact: 'vf', apply: [{ kind: 'pad', width: 3 }] }]);
test(reads, `by-x/{{replace (lower (pad name 4)) ":" ''}}`, [
  { text: 'by-x/' },
  {
    fact: 'name',
    apply: [{ kind: 'pad', width: 4 }, { kind: 'lower' }, { kind: 'replace', from: ':', to: '' }],
  },
]);
test(reads, 'by-{{driver}}/{{name}}', [{ text: 'by-' }, { fact: 'driver' }, { text: '/' }, { fact: 'name' }]);
test(reads, 'by-x/{{[name]}}', [{ text: 'by-x/' }, { fact: 'name' }]);
test(reads, 'by-größe/x', [{ text: 'by-größe/x' }]);

const refuses = test.macro({
  exec(t, text: string, problem: RegExp) {
    const parsed = parse(text);
    t.regex('problem' in parsed ? parsed.problem : 'fine', problem);
  },
  title: (_, text) => `${JSON.stringify(text)} is refused`,
});

test(refuses, 'by-x/{{vendr}}', /unknown fact "vendr"; did you mean "vendor"\?/);
test(refuses, 'by-x/{{zzzzzzzz}}', /expected one of bus, name/);
test(refuses, 'by-x/{{upper name}}', /unknown helper "upper"; expected one of lower, pad, replace/);
test(refuses, 'by-x/{{owner}}', /\[\[access\]\] decides it/);
test(refuses, 'by-x/{{fileGroup}}', /\[\[access\]\] decides it/);
test(refuses, 'by-x/{{mode}}', /\[\[access\]\] decides it/);
test(refuses, 'by-x/{{#if pf}}x{{/if}}', /found a block, partial or comment/);
test(refuses, 'by-x/{{> x}}', /found a block, partial or comment/);
test(refuses, 'by-x/{{! x}}y', /found a block, partial or comment/);
test(refuses, 'by-x/{{{{name}}}}y{{{{/name}}}}', /found a block, partial or comment/);
test(refuses, 'by-x/{{{name}}}', /two braces are enough/);
test(refuses, 'by-x/{{&name}}', /two braces are enough/);
test(refuses, 'by-x/{{~name}}', /leave the ~ out/);
test(refuses, 'by-x/{{../name}}', /found "\.\.\/name"/);
test(refuses, 'by-x/{{name.length}}', /found "name\.length"/);
test(refuses, 'by-x/{{@root}}', /found "@root"|unknown fact/);
test(refuses, 'by-x/{{this}}', /found "this"/);
test(refuses, 'by-x/{{lowr name}}', /unknown helper "lowr"; did you mean "lower"\?/);
test(refuses, 'by-x/{{constructor}}', /unknown fact "constructor"/);
test(refuses, 'by-x/{{"text"}}', /write it outside the braces/);
test(refuses, 'by-x/{{5}}', /write it outside the braces/);
test(refuses, 'by-x/{{lower "A"}}', /found "A"; write it outside the braces/);
test(refuses, 'by-x/{{lower (name)}}', /unknown helper "name"/);
test(refuses, 'by-x/{{lower name "a" "b"}}', /expected \{\{lower fact\}\}/);
test(refuses, 'by-x/{{lower}}', /expected \{\{lower fact\}\}, found \{\{lower\}\}/);
test(refuses, 'by-x/{{lower lower}}', /found the helper lower alone/);
test(refuses, 'by-x/{{lower name 3}}', /expected \{\{lower fact\}\}/);
test(refuses, 'by-x/{{pad vf}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf 3 4}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf true}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf 0}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf 1000}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf "3"}}', /width from 1 to 255/);
test(refuses, 'by-x/{{pad vf width=3}}', /found name=value/);
test(refuses, 'by-x/{{replace name ":"}}', /replace fact "from" "to"/);
test(refuses, 'by-x/{{replace name ":" 5}}', /replace fact "from" "to"/);
test(refuses, 'by-x/{{replace name ":" "-" "x"}}', /replace fact "from" "to"/);
test(refuses, 'by-x/{{replace name "" "x"}}', /not empty/);
test(refuses, 'by-x/{{replace name pf "x"}}', /replace fact "from" "to"/);
test(refuses, `by-x/{{replace name '"' "x"}}`, /without quotes/);
test(refuses, '', /begins with a directory of its own/);
test(refuses, 'gpu', /begins with a directory of its own/);
test(refuses, `gpus/${'a'.repeat(75)}`, new RegExp(`found "gpus/${'a'.repeat(75)}"$`));
test(refuses, `gpus/${'a'.repeat(76)}`, new RegExp(`found "gpus/${'a'.repeat(75)}\\.\\.\\."$`));
test(refuses, 'my-by-x/{{name}}', /begins with a directory of its own/);
test(refuses, 'gpus/{{name}}', /begins with a directory of its own/);
test(refuses, 'pci/{{name}}', /begins with a directory of its own/);
test(refuses, 'devices/{{name}}', /begins with a directory of its own/);
test(refuses, '{{bus}}/{{name}}', /begins with a directory of its own/);
test(refuses, 'by-/{{name}}', /begins with a directory of its own/);
test(refuses, 'by-{{name}}', /expected a directory and a name, "by-x\/...", found only "by-x"/);
test(refuses, '/by-x/{{name}}', /lies below \/dev\/vfio/);
test(refuses, 'by-x/', /a part of the name is empty/);
test(refuses, 'by-x//{{name}}', /a part of the name is empty/);
test(refuses, 'by-x/../{{name}}', /begins with a dot/);
test(refuses, 'by-x/./{{name}}', /begins with a dot/);
test(refuses, 'by-x/.{{name}}', /begins with a dot/);
test(refuses, 'by-x/a b', /the character " "/);
test(refuses, 'by-x/$(x)', /the character "\$"/);
test(refuses, 'by-x/"', /the character "\\?""/);
test(refuses, 'by-x/\\{{name}}', /the character "\{"/);
test(refuses, 'by-x/\n', /the character "\\x0a"/);
test(refuses, `by-x/${'a'.repeat(256)}`, /more than 255 bytes/);

test('what is no mistake of the template is not told as one', (t) => {
  const node = {
    type: 'ContentStatement',
    get value(): string {
      throw new RangeError('not of the template');
    },
  };
  t.throws(() => parseName([node]), { instanceOf: RangeError });
});
