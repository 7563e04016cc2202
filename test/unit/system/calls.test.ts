import test from 'ava';
import { announceCalls } from '../../../src/system/calls.ts';
import { fakeCalls } from '../../support/fake-calls.ts';

test('announceCalls reports the name of every call that can block before making it', (t) => {
  const announcements: string[] = [];
  const fake = fakeCalls({ '/dev/x': { devnum: '1:2', ioctls: { GET: () => 5 } } }, { '/sys/x': '1:2\n' });
  const calls = announceCalls(fake, (step) => announcements.push(`${step} after ${fake.log.length}`));
  const fd = calls.open('open node', calls.hold('open node', '/dev/x'));
  t.deepEqual(calls.status('fstat node', fd), { kind: 'char', devnum: '1:2' });
  t.is(calls.read('read dev', '/sys/x'), '1:2\n');
  t.is(calls.ioctl(fd, { name: 'GET', number: 1 }), 5);
  t.is(calls.address(Buffer.alloc(1)), fake.address(Buffer.alloc(1)));
  calls.close(fd);
  t.deepEqual(announcements, ['open node after 0', 'GET after 1', 'close after 2']);
});
