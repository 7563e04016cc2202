import test from 'ava';
import fc from 'fast-check';
import type { NamePart } from '../../../src/policy/policy.ts';
import { sanitizeTemplatePart } from '../../../src/udev/syntax.ts';
import {
  formatAccessRequest,
  formatMatch,
  formatRequest,
  linkProperty,
  parseAccessRequest,
  parseGroupRequest,
  parseRequest,
} from '../../../src/vfio-id/link-spec.ts';
import { namePart } from '../../support/hostile-policies.ts';
import { unless, when } from '../../support/policies.ts';

test('parseRequest parses the output of formatRequest', (t) => {
  const parts: NamePart[] = [
    { text: 'by-sriov/' },
    { fact: 'pf' },
    { text: '/vf' },
    {
      fact: 'vf',
      apply: [
        { transform: 'pad', width: 3 },
        { transform: 'lower' },
        { transform: 'replace', from: ':', to: '' },
      ],
    },
  ];
  t.is(formatRequest(parts), 'by-sriov/{pf}/vf{vf|p3|l|r3a=}');
  t.deepEqual(parseRequest('by-sriov/{pf}/vf{vf|p3|l|r3a=}'), parts);
  t.is(linkProperty(2), 'ID_VFIO_LINK_2');
});

test('any name survives a round trip through a request, without quotes or blanks', (t) => {
  fc.assert(
    fc.property(fc.array(namePart, { minLength: 1, maxLength: 4 }), (parts) => {
      const safe = parts.map(sanitizeTemplatePart).filter((part) => !('text' in part) || part.text !== '');
      const text = formatRequest(safe);
      t.notRegex(text, /[ \t\n\v\f\r'"$%\0]/);
      if (safe.length > 0) t.is(formatRequest(parseRequest(text) ?? []), text);
    }),
    { numRuns: 300 },
  );
});

for (const text of [
  '',
  '{',
  '}',
  '{}',
  'a{b c}',
  '{name|x}',
  '{name|l|x}',
  '{name|r3=}',
  '{name|r=3a}',
  '{name|r3a}',
  '{name|r3a=3}',
  '{name|r3a=3a5}',
  '{name|r3a=zz}',
  '{name|xr3a=5f}',
  '{name|rff=}',
  '{name|r3a=ff}',
  '{name|p}',
  '{name|xp3}',
  '{name|p1000}',
  '{name|}',
  '{name',
  'name}',
  '{na1me}',
  '{1name}',
  '{name1}',
])
  test(`parseRequest rejects ${JSON.stringify(text)}`, (t) => {
    t.is(parseRequest(text), undefined);
  });

test('formatRequest encodes replaced characters of one, two and three bytes, and invalid text as U+FFFD', (t) => {
  const replace = (from: string, to: string): NamePart[] => [
    { fact: 'name', apply: [{ transform: 'replace', from, to }] },
  ];
  for (const [from, to, text] of [
    ['\n', '\u00e9', '{name|r0a=c3a9}'],
    ['\u20ac', 'aZ', '{name|re282ac=615a}'],
  ] as const) {
    t.is(formatRequest(replace(from, to)), text);
    t.deepEqual(parseRequest(text), replace(from, to));
  }
  t.is(formatRequest(replace('\ud800', '_')), '{name|refbfbd=5f}');
});

test('a request for a group begins with the match of its rule', (t) => {
  const match = [when('vendor', '0x10de', '0x1002'), unless('class', '0x03*')];
  const text = '{?vendor=0x10de|0x1002&class!=0x03*}';
  t.is(formatMatch(match), text);
  t.is(formatMatch([]), '');
  t.deepEqual(parseGroupRequest(`${text}by-alias/gpu`), { match, parts: [{ text: 'by-alias/gpu' }] });
  t.deepEqual(parseGroupRequest('by-x/{name}'), { match: [], parts: [{ text: 'by-x/' }, { fact: 'name' }] });
  t.deepEqual(parseGroupRequest(text), { match, parts: [] });
});

test('a match has no character with a meaning in a request, in udev or in a shell', (t) => {
  const match = [when('name', 'a|b&c=!', ` '"$%{}\\`, '~', '[0-9]\n', '\u20ac', '0Az:.*?_/+,-')];
  const text = '{?name=a~7cb~26c~3d~21|~20~27~22~24~25~7b~7d~5c|~7e|~5b0-9~5d~0a|~e2~82~ac|0Az:.*?_/+,-}';
  t.is(formatMatch(match), text);
  t.deepEqual(parseGroupRequest(text), { match, parts: [] });
});

for (const text of [
  '{?}a',
  '{?name}a',
  '{?=a}a',
  '{?name!!=a}a',
  '{?name1=a}a',
  '{?1name=a}a',
  '{?name=a&}a',
  '{?name=~}a',
  '{?name=~7}a',
  '{?name=~7C}a',
  '{?name=~x7c}a',
  '{?name=~ff}a',
  '{?name=a|~ff}a',
  '{?name=a',
  '{?name=a}{',
  'a{?name=a}',
  '{?name=a}{?name=a}',
])
  test(`parseGroupRequest rejects ${text}`, (t) => {
    t.is(parseGroupRequest(text), undefined);
  });

test('parseAccessRequest parses the output of formatAccessRequest, with and without each part', (t) => {
  const match = [when('vendor', '0x10de'), unless('name', '*:00.1')];
  for (const [access, text] of [
    [{ owner: 'qemu', fileGroup: 'kvm.a-b', mode: '0660' }, 'qemu:kvm.a-b:0660'],
    [{ owner: 'qemu' }, 'qemu::'],
    [{ fileGroup: 'kvm' }, ':kvm:'],
    [{ mode: '0600' }, '::0600'],
  ] as const) {
    const withMatch = `{?vendor=0x10de&name!=*:00.1}${text}`;
    t.is(formatAccessRequest(match, access), withMatch);
    t.deepEqual(parseAccessRequest(withMatch), { match, access });
    t.is(formatAccessRequest([], access), text);
    t.deepEqual(parseAccessRequest(text), { match: [], access });
  }
});

for (const text of [
  '',
  'qemu',
  'qemu:kvm',
  'qemu:kvm:660',
  'qemu:kvm:06600',
  'qemu:kvm:0668',
  'qemu:kvm:0660:',
  '$:kvm:0660',
  'qemu:k m:0660',
  'x{?name=a}qemu:kvm:0660',
  '{?}qemu:kvm:0660',
  '{?name}qemu:kvm:0660',
  '{?name=a}{?name=a}qemu:kvm:0660',
])
  test(`parseAccessRequest rejects ${JSON.stringify(text)}`, (t) => {
    t.is(parseAccessRequest(text), undefined);
  });
