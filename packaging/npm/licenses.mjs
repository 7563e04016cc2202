// Writes the licences of the bundled libraries, and of those shipped beside the bundles.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** koffi's build, @koromix/koffi-linux-*, which has no text of its licence. */
const unbundled = ['koffi'];

/** The libraries that are in the bundles. sbom.mjs lists them, and the build fails if another one gets in. */
export const bundledLibraries = ['chokidar', 'handlebars', 'readdirp', 'smol-toml', 'source-map'];

/** Those in the bundles of the native programs, beside which nothing is shipped. */
const nativeLibraries = ['handlebars', 'smol-toml', 'source-map'];

/** Writes the licences of the npm package. `metafiles` are those of esbuild. */
export function writeLicenses(metafiles, file = 'dist/licenses.txt') {
  write(file, checked(metafiles, bundledLibraries).concat(unbundled));
}

/** Writes the licences of what is in the native programs, except that of QuickJS. */
export function writeNativeLicenses(metafiles, file) {
  write(file, checked(metafiles, nativeLibraries));
}

// Metafiles list the files that are really in a bundle.
function checked(metafiles, expected) {
  const bundled = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined);
  const found = [...new Set(bundled)].sort();
  if (found.join() !== expected.join())
    throw new Error(`expected the bundled libraries ${expected.join(', ')}, found ${found.join(', ')}`);
  return found;
}

function write(file, names) {
  writeFileSync(file, [...names].sort().map(section).join('\n'));
}

function section(name) {
  const directory = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  if (!file) throw new Error(`expected a licence in ${directory}, found none`);
  const text = readFileSync(`${directory}/${file}`, 'utf8').replaceAll('\r\n', '\n').trim();
  return `== ${name} ${version} (${license})\n\n${text}\n`;
}
