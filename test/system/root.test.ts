import test from 'ava';
import { at, rootFrom } from '../../src/system/root.ts';

test('the machine itself has the empty root, however it is written', (t) => {
  for (const word of ['', '/', '//']) t.is(at(rootFrom(word), '/sys/class'), '/sys/class');
});

test('a root has no slash at its end', (t) => {
  t.is(at(rootFrom('/mnt/image/'), '/dev'), '/mnt/image/dev');
  t.is(at(rootFrom('image'), '/dev'), 'image/dev');
});
