import test from 'ava';
import { jsonDocument } from '../../../src/cli/json.ts';
import { plural } from '../../../src/cli/output.ts';
import { formatTable, formatTableParts } from '../../../src/cli/table.ts';

test('table columns are as wide as their widest cell, without trailing spaces', (t) => {
  t.is(
    formatTable(
      ['A', 'LONG', 'C'],
      [
        ['one', 'x', ''],
        ['2', 'y', 'z'],
      ],
    ),
    'A    LONG  C\none  x\n2    y     z\n',
  );
});

test('table omits a column that is empty in every row', (t) => {
  t.is(formatTable(['A', 'B', 'C'], [['1', '', '2']]), 'A  C\n1  2\n');
});

test('table fills missing cells of a short row with spaces', (t) => {
  t.is(formatTable(['A', 'B'], [['1'], ['1', '2']]), 'A  B\n1\n1  2\n');
});

test('tableInParts returns several parts with the same column widths', (t) => {
  const parts = [
    ...formatTableParts(
      ['A', 'B', 'C'],
      Array.from({ length: 3000 }, (_, row) => [row === 2999 ? 'wide' : 'w', '', `${row}`]),
    ),
  ];
  t.true(parts.length > 2);
  t.is(
    parts.join(''),
    ['A     C', ...Array.from({ length: 2999 }, (_, row) => `w     ${row}`), 'wide  2999', ''].join('\n'),
  );
});

test('table counts no columns for combining marks and two for wide characters', (t) => {
  t.is(
    formatTable(
      ['A', 'B'],
      [
        ['e\u0301', '1'],
        ['漢', '2'],
        ['abc', '3'],
      ],
    ),
    'A    B\ne\u0301    1\n漢   2\nabc  3\n',
  );
});

test('a JSON document starts with its version and ends with a newline', (t) => {
  t.is(jsonDocument({ a: [], gone: undefined }), '{\n  "version": 1,\n  "a": []\n}\n');
});

test('plural adds an s unless the number is 1', (t) => {
  t.deepEqual(
    [0, 1, 2].map((number) => plural(number, 'name')),
    ['0 names', '1 name', '2 names'],
  );
});
