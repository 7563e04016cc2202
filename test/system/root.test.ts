import test from 'ava';
import { pathBelow, rootFrom } from '../../src/system/root.ts';

test('rootFrom returns the empty root for this machine', (t) => {
  for (const arg of ['', '/', '//']) t.is(pathBelow(rootFrom(arg), '/sys/class'), '/sys/class');
});

test('rootFrom strips the trailing slash', (t) => {
  t.is(pathBelow(rootFrom('/mnt/image/'), '/dev'), '/mnt/image/dev');
  t.is(pathBelow(rootFrom('image'), '/dev'), 'image/dev');
});
