import test from 'ava';
import fc from 'fast-check';
import type { NamePart } from '../../../src/policy/policy.ts';
import { sanitizeTemplatePart } from '../../../src/udev/syntax.ts';
import { formatRequest, linkProperty, parseRequest } from '../../../src/vfio-id/link-spec.ts';
import { namePart } from '../../support/hostile-policies.ts';

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
  '{name|r3=}',
  '{name|rff=}',
  '{name|p1000}',
  '{name|}',
])
  test(`parseRequest rejects ${JSON.stringify(text)}`, (t) => {
    t.is(parseRequest(text), undefined);
  });
