/** vfio_id compiled with QuickJS: the native program that packages install. */
import * as std from 'qjs:std';
import { tryOrUndefined } from '../errors.ts';
import { fail } from '../system/quickjs/errno.ts';
import { quickjsFiles, writeAll } from '../system/quickjs/files.ts';
import { environment, processArguments, token } from '../system/quickjs/self.ts';
import { openMissingStreams } from '../system/quickjs/stdio.ts';
import { version } from '../version.ts';
import { vfioId } from './vfio-id.ts';

openMissingStreams();
const { status, out, err } = vfioId(
  { argv: processArguments(), env: environment() },
  { files: quickjsFiles, root: '', version, token: token() },
);
/** Does nothing if the reader closed the pipe. */
const write = (fd: number, text: string): void =>
  tryOrUndefined(() => writeAll(fd, text, (result) => fail(result, 'write')));
if (out !== '') write(1, out);
if (err !== '') write(2, `${err}\n`);
std.exit(status);
