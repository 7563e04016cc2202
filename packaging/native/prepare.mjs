// prepare.mjs: creates in dist/ what a package of a distribution contains or is compiled from, except the native programs
// themselves: their bundles with the C files in dist/native, the manual, the completions and the schemas. compile.sh then needs
// only QuickJS and a C compiler.
// With --licenses it also writes dist/native/licenses.txt, the licences of the bundled libraries.
// Requires in node_modules: esbuild, ajv, handlebars, source-map and smol-toml.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { generate } from '../npm/generate.mjs';
import { generateManual } from '../npm/generate-manual.mjs';
import { writeNativeLicenses } from '../npm/licenses.mjs';
import { copySchemas } from '../npm/schemas.mjs';
import { bundle } from './bundle.mjs';

const directory = 'dist/native';
mkdirSync(directory, { recursive: true });
// The names of parts are hashes, so those of an older build would stay.
for (const name of readdirSync(directory)) if (name.startsWith('part_')) rmSync(`${directory}/${name}`);
await generate();
const metafiles = [
  await bundle('src/native.ts', `${directory}/vfio-names.js`),
  await bundle('src/vfio-id/quickjs.ts', `${directory}/vfio_id.js`),
];
for (const file of ['packaging/native/limit.c', 'src/system/quickjs/syscalls.c'])
  copyFileSync(file, `${directory}/${basename(file)}`);
if (process.argv.includes('--licenses')) writeNativeLicenses(metafiles, `${directory}/licenses.txt`);
await generateManual();
copySchemas('dist/schemas');
