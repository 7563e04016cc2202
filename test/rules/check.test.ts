import test from 'ava';
import { checkRules } from '../../src/rules/check.ts';
import { findRules, rulesDirectories, rulesFileName } from '../../src/rules/place.ts';
import { fakeFiles, fakeRoot } from '../helpers/fake-root.ts';
import { hash } from './policies.ts';

const text = (policy: string, body = ''): string => `# vfio-names scheme=1 policy=${policy}\n${body}`;

test("findRules returns the file in the first directory of udev's search order", (t) => {
  const root = fakeRoot(t);
  t.is(findRules(fakeFiles, root.dir), undefined);
  for (const directory of [...rulesDirectories].reverse()) {
    root.write(`${directory}/${rulesFileName}`, directory);
    t.deepEqual(findRules(fakeFiles, root.dir), {
      kind: 'text',
      path: `${directory}/${rulesFileName}`,
      text: directory,
    });
  }
  root.linkWithTarget(`/etc/udev/rules.d/${rulesFileName}`, '/dev/null');
  t.deepEqual(findRules(fakeFiles, root.dir), { kind: 'masked', path: `/etc/udev/rules.d/${rulesFileName}` });
});

test('findRules follows a link within the root', (t) => {
  const root = fakeRoot(t);
  root.write('/opt/x.rules', text('default'));
  for (const target of ['/opt/x.rules', '../../../opt/x.rules']) {
    root.linkWithTarget(`/etc/udev/rules.d/${rulesFileName}`, target);
    t.is(findRules(fakeFiles, root.dir)?.kind, 'text');
  }
});

const path = '/etc/udev/rules.d/70-vfio-names.rules';

const verdict = test.macro({
  exec(t, found: Parameters<typeof checkRules>[0], state: string, message: RegExp) {
    const result = checkRules(found, text(hash));
    t.is(result.state as string, state);
    t.is(result.ok, state === 'current');
    t.regex(result.message, message);
    t.notRegex(result.message, /\n/);
  },
  title: (title, _, state) => title ?? `rules check reports rules that are ${state}`,
});

test(verdict, undefined, 'missing', /no rules.*rules install/);
test(verdict, { kind: 'masked', path }, 'masked', /turns the rules off/);
test(verdict, { kind: 'text', path, text: 'KERNEL=="x"\n' }, 'foreign', /not made by vfio-names/);
test(
  'rules check reports a directory as foreign',
  verdict,
  { kind: 'other', path, what: 'a directory' },
  'foreign',
  /not made/,
);
test(verdict, { kind: 'text', path, text: text(hash) }, 'current', /is what the policy gives/);
test(verdict, { kind: 'text', path, text: text(hash, '#\n') }, 'edited', /edited/);
test(
  verdict,
  { kind: 'text', path, text: text('default') },
  'other-policy',
  /of policy default, expected c0ffee000000;/,
);
