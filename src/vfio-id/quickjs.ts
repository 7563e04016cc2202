/** vfio_id compiled with QuickJS: the native program that packages install. */
import * as os from 'qjs:os';
import * as std from 'qjs:std';
import { quickjsFiles } from '../system/quickjs/files.ts';
import { version } from '../version.ts';
import { environmentVariables } from './args.ts';
import { vfioId } from './vfio-id.ts';

const { status, out, err } = vfioId(
  {
    argv: scriptArgs.slice(1),
    env: Object.fromEntries(environmentVariables.map((name) => [name, std.getenv(name)])),
  },
  {
    files: quickjsFiles,
    root: '',
    version,
    token: `${os.getpid()}-${os.now().toString(36).replace('.', '')}`,
  },
);
if (out !== '') std.out.puts(out);
if (err !== '') std.err.puts(`${err}\n`);
std.out.flush();
std.exit(status);
