/** vfio_id by QuickJS, answering one call a line for as long as lines come: what a process a call would say, without the process. */
import * as os from 'qjs:os';
import * as std from 'qjs:std';
import { vfioId } from '../../src/helper/vfio-id.ts';
import { quickjsFiles } from '../../src/system/quickjs-files.ts';

// The limit of a second is for a program that udev waits for; this one waits for the fuzzer.
os.signal(os.SIGALRM, undefined);
for (let line = std.in.getline(); line !== null; line = std.in.getline()) {
  const { argv, env, root } = JSON.parse(line);
  const { status, out, err } = vfioId(
    { argv, env },
    { files: quickjsFiles, root, version: __VERSION__, token: 'x' },
  );
  std.out.puts(`${JSON.stringify({ status, out, err: err === '' ? '' : `${err}\n` })}\n`);
  std.out.flush();
}
