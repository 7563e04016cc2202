import test from 'ava';
import fc from 'fast-check';
import { defaultPolicy } from '../../../src/policy/policy.ts';
import {
  checkAccountName,
  checkBusName,
  escapeUdev,
  formatMode,
  formatRule,
  MAX_LINE_BYTES,
  policyId,
  quotePatterns,
  readHeader,
  sanitizePath,
  sanitizeTemplatePart,
} from '../../../src/udev/syntax.ts';
import { errorLine } from '../../support/error-line.ts';
import { hostileText } from '../../support/hostile-policies.ts';

test("udevText escapes udev's substitutions", (t) => {
  t.is(escapeUdev('a$id %k 100%'), 'a$$id %%k 100%%');
});

for (const text of ['"', 'a\\', '\\"', 'a\nb', '\0', '\x7f'])
  test(`udevText and udevMatch reject ${JSON.stringify(text)}`, (t) => {
    t.throws(() => escapeUdev(text), { code: 'policy' });
    t.throws(() => quotePatterns([text]), { code: 'policy' });
  });

test('udevMatch joins patterns as alternatives in one string', (t) => {
  t.is(quotePatterns(['0000:*', 'a b', '[!0-9]?']), '"0000:*|a b|[!0-9]?"');
  t.throws(() => quotePatterns(['a', '']), { code: 'policy' });
});

test('udevMatch rejects non-ASCII characters in a set, since udev compares bytes', (t) => {
  for (const pattern of ['[é]', 'x[aé]', '[a][é]', '[!-é]', '[é-ü]x', '[a\u00a0b]'])
    t.throws(() => quotePatterns([pattern]), { code: 'policy' }, pattern);
  t.is(quotePatterns(['é[a]é', '[ -~]']), '"é[a]é|[ -~]"');
});

test('errors of quoting name what was found and what to do', (t) => {
  const errors: readonly (readonly [() => string, string])[] = [
    [
      () => quotePatterns(['a"']),
      'udev cannot express the pattern "a\\""; a quote ends the text; write it in another way',
    ],
    [
      () => quotePatterns(['x', '[']),
      'udev cannot express the pattern "["; "[" has no "]"; write [[] for the bracket itself; write it in another way',
    ],
    [
      () => quotePatterns(['a\u202e']),
      'udev cannot express the pattern a\\u202e; leave out control characters and invisible characters',
    ],
    [
      () => formatRule(['a'.repeat(MAX_LINE_BYTES), 'é']),
      `udev cannot express a rule of ${MAX_LINE_BYTES + 4} bytes in one line; make its list of patterns shorter than ${MAX_LINE_BYTES} bytes, or part the rule in two`,
    ],
    [
      () => quotePatterns(['[é]']),
      'udev cannot express the set in the pattern "[é]"; udev compares bytes, so only ASCII can stand in a set',
    ],
    [
      () => escapeUdev('a\n'),
      'udev cannot express the text "a\\n"; leave out quotes, backslashes and control characters',
    ],
    [() => checkBusName('a/b'), 'udev cannot express the bus "a/b"; name a bus as /sys/bus lists it'],
    [
      () => checkAccountName('a b'),
      'a rule cannot express the user or group "a b"; use letters, digits, dots, dashes and underscores',
    ],
    [
      () => formatMode('rw'),
      'a rule cannot express the mode "rw"; use three or four octal digits, such as 0660',
    ],
  ];
  for (const [fn, line] of errors) t.is(errorLine(t.throws(fn, { code: 'policy' })), line);
});

test('sanitizePath sanitizes fixed text part by part', (t) => {
  t.is(sanitizePath('by-x/a b$%"\'{|}/'), 'by-x/a_b_______/');
  t.is(sanitizePath('by-x/é\\x20'), 'by-x/é\\x20');
  t.is(sanitizePath('a'.repeat(300)), undefined);
});

test('sanitizePath output needs no quoting in a rule', (t) => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = sanitizePath(text);
      return safe !== undefined && !/["'\s$%]/.test(safe) && escapeUdev(safe) === safe;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('checkAccountName, formatMode and checkBusName accept only plain characters', (t) => {
  t.is(checkAccountName('libvirt-qemu'), 'libvirt-qemu');
  t.is(formatMode('660'), '0660');
  t.is(checkBusName('fsl-mc'), 'fsl-mc');
  for (const text of ['', '-x', 'a b', 'a:b', 'a\n', 'a$b', '*']) {
    t.throws(() => checkAccountName(text), { code: 'policy' });
    t.throws(() => formatMode(text), { code: 'policy' });
    t.throws(() => checkBusName(`${text}/`), { code: 'policy' });
  }
  for (const bus of ['/pci', '$pci', ':pci', 'pci\n']) t.throws(() => checkBusName(bus), { code: 'policy' });
  t.throws(() => formatMode('4755'), { code: 'policy' });
});

test('a rule may have as many bytes as udev reads', (t) => {
  t.is(formatRule(['A=="b"', 'C="d"']), 'A=="b", C="d"');
  t.is(formatRule(['a'.repeat(MAX_LINE_BYTES)]).length, MAX_LINE_BYTES);
});

test('sanitizeTemplatePart sanitizes fixed text only', (t) => {
  t.deepEqual(sanitizeTemplatePart({ text: 'by-x/a b' }), { text: 'by-x/a_b' });
  t.deepEqual(sanitizeTemplatePart({ text: 'a'.repeat(300) }), { text: '' });
  t.deepEqual(sanitizeTemplatePart({ fact: 'name' }), { fact: 'name' });
});

test('readHeader reads naming scheme and policy from the first line of a file of rules', (t) => {
  const hash = '0123456789abcdef'.repeat(4);
  t.deepEqual(readHeader(`# vfio-names scheme=1 policy=${hash}\n# more\n`), { scheme: 1, policy: hash });
  t.deepEqual(readHeader('# vfio-names scheme=1234 policy=default\n'), { scheme: 1234, policy: 'default' });
  for (const text of [
    '',
    '\n# vfio-names scheme=1 policy=default\n',
    ' # vfio-names scheme=1 policy=default\n',
    '# vfio-names scheme=1 policy=default',
    '# vfio-names scheme=1 policy=default x\n',
    '# vfio-names scheme=x policy=default\n',
    '# vfio-names scheme=12345 policy=default\n',
    '# vfio-names scheme= policy=default\n',
    '# vfio-names scheme=1 policy=c0ffee\n',
    `# vfio-names scheme=1 policy=${hash.toUpperCase()}\n`,
  ])
    t.is(readHeader(text), undefined, text);
});

test('policyId is the hash of a policy, or default without one', (t) => {
  const hash = 'c0ffee'.padEnd(64, '0');
  t.is(policyId({ ...defaultPolicy, hash }), hash);
  t.is(policyId({ ...defaultPolicy, hash: '' }), 'default');
  t.is(policyId(defaultPolicy), 'default');
});
