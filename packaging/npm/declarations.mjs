// Collects the declarations of the library from those that tsc makes: what src/index.ts exports, and what that mentions.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// Types of ECMAScript. Types of Node and of browsers are missing on purpose: a user need not have them.
const builtin = new Set(
  [
    'Array',
    'Error',
    'Exclude',
    'Extract',
    'Iterable',
    'Omit',
    'Partial',
    'Pick',
    'Promise',
    'Readonly',
  ].concat(['ReadonlyArray', 'ReadonlyMap', 'ReadonlySet', 'Record', 'Symbol']),
);

// Returns the declarations in the order of index.ts, then those that they mention: { name, comment, text, exported }.
export function libraryDeclarations() {
  const directory = mkdtempSync(join(tmpdir(), 'vfio-names-types-'));
  try {
    execFileSync(
      process.execPath,
      [
        'node_modules/typescript/bin/tsc',
        '--project',
        'packaging/npm/tsconfig.types.json',
        '--outDir',
        directory,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return collect(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function collect(directory) {
  const files = new Map();
  const fileAt = (path) => {
    if (!files.has(path)) files.set(path, parseFile(path, readFileSync(path, 'utf8')));
    return files.get(path);
  };
  const index = fileAt(join(directory, 'index.d.ts'));
  const exported = [...index.statements.keys(), ...index.exports.keys()];
  const found = new Map();
  const visit = (name, path) => {
    const file = fileAt(path);
    const statement = file.statements.get(name);
    const source = file.imports.get(name) ?? file.exports.get(name);
    if (!statement && source) return visit(name, source);
    if (!statement) throw new Error(`expected a declaration of ${name} in ${path}, found none`);
    if (found.has(name)) {
      if (found.get(name).path !== path) throw new Error(`two types of the library are called ${name}`);
      return undefined;
    }
    const text = unionOfValues(statement.text, file);
    found.set(name, { name, comment: statement.comment, text, path, exported: exported.includes(name) });
    for (const mentioned of mentions(text)) if (mentioned !== name) visit(mentioned, path);
    return undefined;
  };
  for (const name of exported) visit(name, join(directory, 'index.d.ts'));
  return [...found.values()].sort((a, b) => Number(b.exported) - Number(a.exported));
}

// Reads the statements of a declaration file, and the files that it imports names from.
function parseFile(path, source) {
  const statements = new Map();
  const imports = new Map();
  const exports = new Map();
  let comment = '';
  let lines = [];
  for (const line of source.split('\n')) {
    if (lines.length === 0 && line.startsWith('/**')) comment = '';
    if (lines.length === 0 && /^(?:\/\*\*| \*)/.test(line)) {
      comment += `${line}\n`;
      continue;
    }
    if (line === '' && lines.length === 0) continue;
    lines.push(line);
    const text = lines.join('\n');
    if (depth(text) > 0 || !/[;}]$/.test(line)) continue;
    lines = [];
    const from = /^(import|export) [^;]*?\{([^}]*)\} from '([^']+)';$/s.exec(text);
    const name = /^(?:export )?(?:declare )?(?:interface|type|class|const|function) (\w+)/.exec(text)?.[1];
    if (from)
      for (const part of from[2]
        .split(',')
        .map((word) => word.trim().replace(/^type /, ''))
        .filter(Boolean))
        (from[1] === 'import' ? imports : exports).set(
          part,
          join(dirname(path), from[3].replace(/\.ts$/, '.d.ts')),
        );
    else if (name) statements.set(name, { comment: comment.trimEnd(), text: text.replace(/^export /, '') });
    comment = '';
  }
  return { statements, imports, exports };
}

function depth(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|'[^']*'/g, '').replaceAll('=>', '');
  return (code.match(/[{([<]/g) ?? []).length - (code.match(/[})\]>]/g) ?? []).length;
}

// The types, and the values after `typeof`, that a declaration mentions and that are not ECMAScript's.
function mentions(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|'[^']*'/g, '');
  const names = [...code.matchAll(/(?<![.\w])[A-Z]\w*|(?<=\btypeof )\w+/g)].map(([name]) => name);
  const own = new Set([...code.matchAll(/<([A-Z]\w*)(?: extends [^>]*)?>\s*\(/g)].map(([, name]) => name));
  return [...new Set(names)].filter((name) => !builtin.has(name) && !own.has(name));
}

// Replaces `(typeof VALUES)[number]` by the values, which are strings in a constant of the same file.
function unionOfValues(text, { statements }) {
  return text.replace(/\(typeof (\w+)\)\[number\]/, (whole, name) => {
    const values = statements.get(name)?.text.match(/'[^']*'|"[^"]*"/g);
    return values ? values.map((value) => `'${value.slice(1, -1)}'`).join(' | ') : whole;
  });
}

// Returns the text of index.d.ts.
export function declarationFile(declarations) {
  const parts = declarations.map(({ comment, text, exported }) => {
    const declared = /^(?:declare|interface|type)\b/.test(text) ? text : `declare ${text}`;
    return `${comment}${comment && '\n'}${exported ? 'export ' : ''}${declared}\n`;
  });
  // Without this, names that are not exported would be, too.
  return `${parts.join('')}export {};\n`;
}
