import test from 'ava';
import { jsonDocument } from '../../../src/cli/json.ts';
import { formatTable } from '../../../src/cli/table.ts';

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
