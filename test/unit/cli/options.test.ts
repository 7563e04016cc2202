import { parseArgs } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { type Options, splitArguments } from '../../../src/cli/options.ts';

const options: Options = {
  root: { type: 'string', short: 'r', help: '' },
  json: { type: 'boolean', help: '' },
  quiet: { type: 'boolean', short: 'q', help: '' },
};

const word = fc.constantFrom(
  ...[
    '--root',
    '--root=',
    '--root=/a=b',
    '--json',
    '--json=yes',
    '--quiet',
    '--bogus',
    '--bogus=1',
    '--=',
    '--=x',
  ],
  ...[
    '-r',
    '-r/a',
    '-q',
    '-qr',
    '-qr/a',
    '-rq',
    '-qq',
    '-x',
    '-qx',
    '-q=',
    '-',
    '--',
    '---',
    '',
    'a',
    '/a',
    '-1',
  ],
  ...['--constructor', '--__proto__', '--roo'],
);

const problemOf: Readonly<Record<string, string>> = {
  ERR_PARSE_ARGS_UNKNOWN_OPTION: 'unknown',
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: 'value',
};

/** What Node's parseArgs returns, in the same form; of its errors only the kind. */
function expected(args: readonly string[]): unknown {
  const config = {
    root: { type: 'string', short: 'r' },
    json: { type: 'boolean' },
    quiet: { type: 'boolean', short: 'q' },
  } as const;
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options: config,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const end = tokens.find(({ kind }) => kind === 'option-terminator');
    return { values: { ...values }, operands: positionals, ...(end && { tail: args.slice(end.index + 1) }) };
  } catch (error) {
    return problemOf[(error as { code: string }).code];
  }
}

test('splitArguments accepts and rejects what parseArgs of Node does', (t) => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (args) => {
      const found = splitArguments(args, options);
      const kind = 'problem' in found && (found.problem === 'unknown' ? 'unknown' : 'value');
      t.deepEqual(kind || found, expected(args), JSON.stringify(args));
    }),
    { numRuns: 2000 },
  );
});

test('splitArguments returns the first problem with its argument', (t) => {
  t.deepEqual(splitArguments(['-qx', '--bogus'], options), { problem: 'unknown', arg: '-qx' });
  t.deepEqual(splitArguments(['--json=1'], options), { problem: 'unexpected-value', name: 'json' });
  t.deepEqual(splitArguments(['a', '-r'], options), { problem: 'missing-value', name: 'root' });
  t.deepEqual(splitArguments(['--root', '-q'], options), {
    problem: 'option-as-value',
    name: 'root',
    value: '-q',
  });
});
