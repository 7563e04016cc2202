// Writes dist/licenses.txt: the licences of the libraries that the bundles hold, and of the one that runs beside them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const besideTheBundles = ['koffi'];

// `metafiles` are those of esbuild: what went into a bundle, whatever package-lock.json says.
export function writeLicenses(metafiles, file = 'dist/licenses.txt') {
  const bundled = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined);
  const names = [...new Set([...bundled, ...besideTheBundles])].sort();
  writeFileSync(file, names.map(section).join('\n'));
}

function section(name) {
  const directory = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  if (!file) throw new Error(`expected a licence in ${directory}, found none`);
  const text = readFileSync(`${directory}/${file}`, 'utf8').replaceAll('\r\n', '\n').trim();
  return `== ${name} ${version} (${license})\n\n${text}\n`;
}
