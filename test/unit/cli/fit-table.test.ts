import test from 'ava';
import fc from 'fast-check';
import { cutEnd, fitTable } from '../../../src/cli/fit-table.ts';

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

function lines(width: number | undefined, uuids = [uuid, 'short']): string[] {
  const columns = [
    { title: 'NAME', cells: uuids },
    { title: 'TEXT', cells: ['a long description', 'x'], min: 8, omit: 2 },
    { title: 'NUMBER', cells: ['1', '22'], omit: 1 },
    { title: 'NONE', cells: ['', ''] },
    { title: 'STATE', cells: ['ok', 'bad'] },
  ];
  return fitTable(columns, { width, header: true }).split('\n').slice(0, -1);
}

test('a table of any width is not shortened, and omits columns without text', (t) => {
  t.deepEqual(lines(undefined), [
    'NAME                                  TEXT                NUMBER  STATE',
    `${uuid}  a long description  1       ok`,
    'short                                 x                   22      bad',
  ]);
  t.deepEqual(lines(71), lines(undefined));
});

test('a table shortens UUIDs first, then cuts cells, then omits columns, and puts a narrow one back', (t) => {
  t.deepEqual(lines(70).slice(0, 2), [
    'NAME           TEXT                NUMBER  STATE',
    '83b8f4f2…1001  a long description  1       ok',
  ]);
  t.is(lines(46)[1], '83b8f4f2…1001  a long descript…  1       ok');
  t.is(lines(38)[1], '83b8f4f2…1001  a long…  1       ok');
  t.is(lines(36)[0], 'NAME           TEXT            STATE');
  t.is(lines(28)[0], 'NAME           NUMBER  STATE');
  t.is(lines(20)[0], 'NAME           STATE');
  t.is(lines(10)[0], 'NAME           STATE');
});

test('a row that cannot fit takes several lines, which omit empty cells', (t) => {
  const columns = [
    { title: 'ALIAS', cells: ['gpu', ''] },
    { title: 'NAME', cells: ['pci/0000:01:00.0', `mdev/${uuid}`] },
    { title: 'DEVICE', cells: ['a long description', '-'], min: 8 },
    { title: 'NODE', cells: ['vfio0', 'vfio10'] },
    { title: 'STATE', cells: ['ok', ''], paint: (cell: string) => `<${cell}>` },
  ];
  const records = (limit: number): string[] =>
    fitTable(columns, { width: limit, header: true, records: true }).split('\n').slice(0, -1);
  t.deepEqual(records(40), [
    'gpu  pci/0000:01:00.0',
    '    DEVICE a long description',
    '    NODE vfio0  STATE <ok>',
    'mdev/83b8f4f2…1001',
    '    NODE vfio10',
  ]);
  t.deepEqual(records(45).slice(1, 4), [
    '    DEVICE a long description  NODE vfio0',
    '    STATE <ok>',
    `mdev/${uuid}`,
  ]);
  t.is(records(25)[1], '    DEVICE a long descri…');
  t.regex(records(60)[0] ?? '', /^ALIAS +NAME +DEVICE +NODE +STATE$/);
});

test('UUIDs that would become equal are not shortened', (t) => {
  const other = uuid.replace('509f', '509e');
  t.is(lines(70, [uuid, other])[1]?.startsWith(`${uuid}  `), true);
});

test('a cell gets its colours after it was padded, the last column without padding', (t) => {
  const paint = (cell: string): string => `<${cell}>`;
  const columns = [
    { title: 'A', cells: ['1', '22'], paint },
    { title: 'B', cells: ['x', 'yy'], paint },
  ];
  t.is(fitTable(columns, { width: 10, header: false }), '<1 >  <x>\n<22>  <yy>\n');
});

test('cutEnd never exceeds the limit, and keeps what fits', (t) => {
  t.is(cutEnd('abcdef', 6), 'abcdef');
  t.is(cutEnd('abcdefg', 6), 'abcde…');
  t.is(cutEnd('ab defg', 4), 'ab…');
  t.is(cutEnd('漢漢漢', 5), '漢漢…');
  t.is(cutEnd('😀😀😀', 2), '😀…');
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 20 }),
      (text, limit) => cutEnd(text, limit).length <= limit * 2,
    ),
  );
});
