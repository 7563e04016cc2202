/** Runs vfio_id in QuickJS for each line on stdin, a call as JSON, and prints its result: faster than a process per call. */
import * as os from 'qjs:os';
import * as std from 'qjs:std';
import { fail } from '../../src/system/quickjs/errno.ts';
import { quickjsFiles, writeAll } from '../../src/system/quickjs/files.ts';
import { version } from '../../src/version.ts';
import { vfioId } from '../../src/vfio-id/vfio-id.ts';

// vfio_id ends after a second, since udev waits for it; this loop must not.
os.signal(os.SIGALRM, undefined);
for (let line = std.in.getline(); line !== null; line = std.in.getline()) {
  const { argv, env, root } = JSON.parse(line);
  const { status, out, err } = vfioId({ argv, env }, { files: quickjsFiles, root, version, token: 'x' });
  const result = JSON.stringify({ status, out, err: err === '' ? '' : `${err}\n` });
  writeAll(1, `${result}\n`, (failed) => fail(failed, 'write'));
}
