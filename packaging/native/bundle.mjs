// Bundles vfio_id for QuickJS into one module: bundle.mjs OUTPUT MACHINE [ENTRY]. MACHINE is a name as printed by
// `uname -m` or `cc -dumpmachine`.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { hasArmOpen } from './machine.mjs';

const [output, machine = '', entry = 'src/vfio-id/quickjs.ts'] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
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
    __VERSION__: JSON.stringify(version),
  },
  logLevel: 'warning',
});
