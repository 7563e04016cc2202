import test from 'ava';
import { at, rootFrom } from '../../src/system/root.ts';

test('rootFrom returns the empty root for this machine', (t) => {
  for (const arg of ['', '/', '//']) t.is(at(rootFrom(arg), '/sys/class'), '/sys/class');
});

test('rootFrom strips the trailing slash', (t) => {
  t.is(at(rootFrom('/mnt/image/'), '/dev'), '/mnt/image/dev');
  t.is(at(rootFrom('image'), '/dev'), 'image/dev');
});
