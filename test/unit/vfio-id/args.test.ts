import test from 'ava';
import { type LinkSpec, parseArgs, type Request } from '../../../src/vfio-id/args.ts';

const none: readonly LinkSpec[] = [];

const parse = (argv: readonly string[], env: Record<string, string> = {}): Request =>
  parseArgs({ argv, env });

/** Returns the message of the error for a command line; fails if there is none. */
function errorOf(argv: readonly string[], env: Record<string, string> = {}): string {
  const request = parse(argv, env);
  return request.kind === 'error' ? request.message : `not an error: ${JSON.stringify(request)}`;
}

test('parseArgs prefers arguments over the environment', (t) => {
  t.deepEqual(parse(['/a'], { DEVPATH: '/b' }), {
    kind: 'export',
    isNew: false,
    devpath: '/a',
    links: none,
  });
  t.deepEqual(parse(['link', 'remove', '/vfio1'], { ACTION: 'add', DEVPATH: '/vfio2' }), {
    kind: 'link',
    action: 'remove',
    sysname: 'vfio1',
    links: none,
  });
});

for (const [action, expected] of [
  ['add', 'add'],
  ['change', 'add'],
  ['bind', 'add'],
  ['move', 'add'],
  ['online', 'add'],
  ['remove', 'remove'],
  ['unbind', 'remove'],
  ['offline', 'remove'],
] as const)
  test(`parseArgs reads ACTION ${action} as link ${expected}`, (t) => {
    t.like(parse(['link'], { ACTION: action, MDEV: 'vfio/devices/vfio3' }), { action: expected });
  });

test('vfio_id link without an action adds, as for mdev -s, and reads DEVPATH, then DEVNAME, then MDEV', (t) => {
  const env = { MDEV: 'vfio/devices/vfio3' };
  const expected = { kind: 'link', action: 'add', links: none };
  t.deepEqual(parse(['link'], env), { ...expected, sysname: 'vfio3' });
  const withName = { ...env, DEVNAME: 'vfio/devices/vfio4' };
  t.deepEqual(parse(['link'], withName), { ...expected, sysname: 'vfio4' });
  const withPath = { ...withName, DEVPATH: '/devices/x/vfio-dev/noiommu-vfio5' };
  t.deepEqual(parse(['link'], withPath), { ...expected, sysname: 'noiommu-vfio5' });
  t.deepEqual(parse(['link', 'add', 'vfio1234567890']), { ...expected, sysname: 'vfio1234567890' });
});

for (const sysname of ['vfio', 'vfio1x', '..', 'noiommu-x', 'xvfio1', 'vfio12345678901', 'vfio1\n', ''])
  test(`parseArgs rejects the device ${JSON.stringify(sysname)}`, (t) => {
    t.is(
      errorOf(['link', 'add', `/x/${sysname}`]),
      `expected the path of a vfioN, found ${JSON.stringify(`/x/${sysname}`)}`,
    );
  });

test('parseArgs parses number, text and optional priority of --link; the last one of a number counts', (t) => {
  const argv = ['--link', '1=a', '--link=2:-5=by-x/{name|r3a=5f}', '--link', '1:7=b=c'];
  t.deepEqual(parse([...argv, '--link=9999:-123456789=e', '--link=3=d', '/d']), {
    kind: 'export',
    isNew: false,
    devpath: '/d',
    links: [
      { number: '1', text: 'b=c', priority: 7 },
      { number: '2', text: 'by-x/{name|r3a=5f}', priority: -5 },
      { number: '9999', text: 'e', priority: -123456789 },
      { number: '3', text: 'd', priority: 0 },
    ],
  });
});

for (const link of ['0=a', '01=a', '12345=a', '1e3=a', '-1=a', '1:=a', '1:1234567890=a', '1=', 'a', ''])
  test(`parseArgs rejects --link ${JSON.stringify(link)}`, (t) => {
    t.is(errorOf(['--link', link, '/d']), 'expected N=TEXT after --link; see vfio_id --help');
  });

test('vfio_id exports the facts of --facts, and the default facts without it', (t) => {
  const expected = { kind: 'export', devpath: '/d', isNew: false, links: none };
  t.deepEqual(parse(['--facts=slot,,serial,', '/d']), { ...expected, facts: ['slot', 'serial'] });
  t.deepEqual(parse(['--facts', 'slot', '/d']), { ...expected, facts: ['slot'] });
  t.deepEqual(parse(['--facts=', '/d']), { ...expected, facts: [] });
  t.deepEqual(parse(['/d']), expected);
  for (const option of ['--export', '-x']) t.deepEqual(parse([option, '/d']), expected);
});

test('vfio_id prints the help for --help and -h and the version for --version, whatever else is given', (t) => {
  for (const option of ['--help', '-h'])
    t.deepEqual(parse(['link', option, 'a', 'b', 'c']), { kind: 'help' });
  t.deepEqual(parse(['link', 'wrong', '--version']), { kind: 'version' });
});

test('the error for a command line of vfio_id says what was expected and found', (t) => {
  t.is(errorOf(['--link']), 'expected N=TEXT after --link; see vfio_id --help');
  t.is(errorOf(['--factsx=a', '/d']), 'expected an option, found "--factsx"; see vfio_id --help');
  t.is(errorOf(['-e', '/d']), 'expected an option, found "-e"; see vfio_id --help');
  t.is(errorOf(['-x=', '/d']), 'expected an option, found "-x="; see vfio_id --help');
  t.is(errorOf(['/d', '/e']), 'expected one DEVPATH, found "/e" too');
  t.is(errorOf(['link', 'add', '/vfio1', '/vfio2']), 'expected one DEVPATH, found "/vfio2" too');
  t.is(errorOf(['link', 'make', '/vfio1']), 'expected link add or link remove, found "make"');
  const noDevice = 'expected a DEVPATH as argument or in the environment, found none; see vfio_id --help';
  t.is(errorOf([]), noDevice);
  t.is(errorOf([''], { DEVNAME: 'vfio0' }), noDevice);
  const noVariable = 'expected DEVPATH, DEVNAME or MDEV in the environment, found none';
  for (const argv of [['link'], ['link', 'add'], ['group', 'names']]) t.is(errorOf(argv), noVariable);
  const actions = 'expected group names, group announce or group link, found';
  t.is(errorOf(['group']), `${actions} ""`);
  t.is(errorOf(['group', 'make', '14']), `${actions} "make"`);
  t.is(errorOf(['group', 'names', '14', '15']), 'expected one GROUP, found "15" too');
});

test('an error of vfio_id shows the first 80 characters of what was given, printable and in ASCII', (t) => {
  t.is(
    errorOf([`-\u00e9\u20ac${'a'.repeat(100)}`]),
    `expected an option, found "-??${'a'.repeat(77)}"; see vfio_id --help`,
  );
});

test('invalid text in the environment becomes one replacement character, as in a native program', (t) => {
  t.like(parse([], { DEVPATH: '/a\ud800\ud801b\ufffd\udfffc' }), { devpath: '/a\ufffdb\ufffdc' });
});

test('an argument that is not an option may have an equals sign', (t) => {
  t.like(parse(['/devices/a=b']), { devpath: '/devices/a=b' });
});

test('parseArgs recognizes the event of a new device', (t) => {
  for (const [action, isNew] of [
    ['add', true],
    ['change', false],
    ['bind', false],
  ] as const) {
    t.like(parse([], { DEVPATH: '/d', ACTION: action }), { kind: 'export', isNew }, action);
    t.like(parse(['group', 'names', '14'], { ACTION: action }), { kind: 'group', isNew }, action);
    t.like(parse(['group', 'announce', '/d'], { ACTION: action }), { kind: 'group', isNew }, action);
  }
});

const group = {
  kind: 'group',
  auto: false,
  always: false,
  links: none,
  access: [],
  part: 0,
  isNew: false,
} as const;

test('vfio_id group names and link take the node of a group, or the path of its device', (t) => {
  for (const action of ['names', 'link'] as const) {
    t.deepEqual(parse(['group', action, '14']), { ...group, action, subject: '14' });
    t.deepEqual(parse(['group', action], { DEVPATH: '/devices/virtual/vfio/noiommu-1234567890' }), {
      ...group,
      action,
      subject: 'noiommu-1234567890',
    });
  }
  t.like(parse(['group', 'names'], { DEVNAME: 'vfio/15', MDEV: 'vfio/16' }), { subject: '15' });
  t.like(parse(['group', 'names'], { MDEV: 'vfio/16' }), { subject: '16' });
});

for (const node of ['', 'x14', '14x', '12345678901', 'vfio14', 'noiommu-'])
  test(`vfio_id group names rejects the node ${JSON.stringify(node)}`, (t) => {
    t.is(errorOf(['group', 'names', `/vfio/${node}`]), `expected the node of a group, found "/vfio/${node}"`);
  });

test('vfio_id group announce takes the path of a device or its bus and name', (t) => {
  for (const subject of ['/devices/pci0000:00/0000:00:02.0', 'pci/0000:00:02.0'])
    t.deepEqual(parse(['group', 'announce', subject]), { ...group, action: 'announce', subject });
  t.like(parse(['group', 'announce'], { DEVPATH: '/devices/a' }), { subject: '/devices/a' });
});

test('vfio_id group reads --auto, --always, --more, each --access and each --link', (t) => {
  t.deepEqual(parse(['group', 'names', '--auto', '14']), {
    ...group,
    action: 'names',
    subject: '14',
    auto: true,
  });
  t.deepEqual(parse(['group', 'announce', '--always', '/d']), {
    ...group,
    action: 'announce',
    subject: '/d',
    always: true,
  });
  t.deepEqual(
    parse(['group', 'link', '--access=a::', '--more', '12', '--access', '::0660', '--link=2=x', '14']),
    {
      ...group,
      action: 'link',
      subject: '14',
      access: ['a::', '::0660'],
      part: 12,
      links: [{ number: '2', text: 'x', priority: 0 }],
    },
  );
  t.like(parse(['group', 'names', '--more=999', '14']), { part: 999 });
});

for (const number of ['', '0', '01', '1000', 'x1', '1x'])
  test(`vfio_id rejects --more=${number}`, (t) => {
    t.is(
      errorOf(['group', 'names', `--more=${number}`, '14']),
      'expected a number after --more; see vfio_id --help',
    );
  });
