// Prints the libraries that the bundles contain, and the packages that npm installs beside them on Linux, as a CycloneDX 1.5
// document, from package-lock.json.
// npm 9, which Debian 13 has, lacks `npm sbom`; and this document is the same on every machine.
import { readFileSync } from 'node:fs';
import { bundledLibraries } from './licenses.mjs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { '': project, ...installed } = packages;

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const refOf = (path) => `${path === '' ? project.name : nameOf(path)}@${packages[path].version}`;

// npm's `os` field: names of systems, or of those that are excluded ("!win32").
const isForLinux = ({ os = ['linux'] }) => os.some((name) => name === 'linux' || name.startsWith('!'));
const bundled = bundledLibraries.map((name) => `node_modules/${name}`);
const beside = Object.keys(installed).filter((path) => !packages[path].dev && isForLinux(packages[path]));
const paths = [...bundled, ...beside].sort();

// test/docs/package.test.ts allows only single SPDX identifiers; npm writes SHA-512 of every package of a registry.
function component(path) {
  const { version, license, integrity, optional } = packages[path];
  return {
    'bom-ref': refOf(path),
    type: 'library',
    name: nameOf(path),
    version,
    scope: optional ? 'optional' : 'required',
    hashes: [
      {
        alg: 'SHA-512',
        content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex'),
      },
    ],
    licenses: [{ license: { id: license } }],
    purl: `pkg:npm/${refOf(path).replace(/^@/, '%40')}`,
  };
}

// As Node resolves a package: in the node_modules of the package that imports it, then in those above.
function resolve(from, name) {
  const path = `${from}${from && '/'}node_modules/${name}`;
  if (from === '' || path in packages) return path;
  return resolve(from.slice(0, Math.max(0, from.lastIndexOf('node_modules/') - 1)), name);
}

function dependency(path) {
  const { dependencies, optionalDependencies, peerDependencies } = packages[path];
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  const own = path === '' ? bundledLibraries : [];
  const needed = [...new Set([...own, ...names])]
    .map((name) => resolve(path, name))
    .filter((other) => paths.includes(other));
  return { ref: refOf(path), dependsOn: needed.map(refOf) };
}

const document = {
  $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: {
    component: {
      'bom-ref': refOf(''),
      type: 'application',
      name: project.name,
      version: project.version,
      licenses: [{ license: { id: project.license } }],
      purl: `pkg:npm/${refOf('')}`,
    },
  },
  components: paths.map(component),
  dependencies: ['', ...paths].map(dependency),
};
process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
