// Bundles vfio_id for QuickJS into one module: bundle.mjs OUTPUT MACHINE [ENTRY]. MACHINE is a name as printed by
// `uname -m` or `cc -dumpmachine`.
import { build } from 'esbuild';
import { hasArmOpen } from './machine.mjs';

const [output, machine = '', entry = 'src/vfio-id/quickjs.ts'] = process.argv.slice(2);
await build({
  entryPoints: [entry],
  outfile: output,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  minify: true,
  alias: { 'qjs:std': 'std', 'qjs:os': 'os' },
  external: ['std', 'os'],
  define: {
    __ARM_OPEN_FLAGS__: String(hasArmOpen(machine)),
  },
  logLevel: 'warning',
});
