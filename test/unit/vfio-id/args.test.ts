import test from 'ava';
import { type LinkSpec, parseArgs } from '../../../src/vfio-id/args.ts';

const none: readonly LinkSpec[] = [];

test('readWords prefers arguments over the environment', (t) => {
  t.deepEqual(parseArgs({ argv: ['/a'], env: { DEVPATH: '/b' } }), {
    kind: 'export',
    isNew: false,
    devpath: '/a',
    links: none,
  });
  t.deepEqual(parseArgs({ argv: ['link', 'remove', '/vfio1'], env: { ACTION: 'add', DEVPATH: '/vfio2' } }), {
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
  test(`readWords reads ACTION ${action} as link ${expected}`, (t) => {
    t.like(parseArgs({ argv: ['link'], env: { ACTION: action, MDEV: 'vfio/devices/vfio3' } }), {
      action: expected,
    });
  });

for (const sysname of ['vfio', 'vfio1x', '..', 'noiommu-x', 'vfio12345678901', 'vfio1\n', ''])
  test(`readWords rejects the device ${JSON.stringify(sysname)}`, (t) => {
    t.is(parseArgs({ argv: ['link', 'add', `/x/${sysname}`], env: {} }).kind, 'error');
  });

test('readWords parses number, text and optional priority of --link; the last one of a number counts', (t) => {
  const argv = ['--link', '1=a', '--link=2:-5=by-x/{name|r3a=5f}', '--link', '1:7=b=c'];
  t.deepEqual(parseArgs({ argv: [...argv, '/d'], env: {} }), {
    kind: 'export',
    isNew: false,
    devpath: '/d',
    links: [
      { number: '1', text: 'b=c', priority: 7 },
      { number: '2', text: 'by-x/{name|r3a=5f}', priority: -5 },
    ],
  });
});

for (const link of ['0=a', '01=a', '12345=a', '1e3=a', '-1=a', '1:=a', '1=', 'a', ''])
  test(`readWords rejects --link ${JSON.stringify(link)}`, (t) => {
    t.is(parseArgs({ argv: ['--link', link, '/d'], env: {} }).kind, 'error');
  });

test('readWords rejects an option without a value and an extra argument', (t) => {
  t.is(parseArgs({ argv: ['--link'], env: {} }).kind, 'error');
  t.is(parseArgs({ argv: ['--factsx=a', '/d'], env: {} }).kind, 'error');
  t.is(parseArgs({ argv: ['link', 'add', '/vfio1', '/vfio2'], env: {} }).kind, 'error');
  t.is(parseArgs({ argv: ['link', 'add'], env: {} }).kind, 'error');
});

test('readWords recognizes the event of a new device', (t) => {
  for (const [action, isNew] of [
    ['add', true],
    ['change', false],
    ['bind', false],
  ] as const) {
    const request = parseArgs({ argv: [], env: { DEVPATH: '/d', ACTION: action } });
    t.is(request.kind === 'export' && request.isNew, isNew, action);
  }
});
