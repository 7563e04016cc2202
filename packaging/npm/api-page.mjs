// Makes LIBRARY.md from the declarations of the library and their comments: api-page.mjs [FILE]
import { writeFileSync } from 'node:fs';
import { libraryDeclarations } from './declarations.mjs';

const introduction = `# The library

\`vfio-names\` is a module of ECMAScript. It needs Node.js 20.19 or later on Linux, and has no dependencies. Only what is on this
page is part of its interface, and follows semantic versioning.

\`\`\`js
import { open, VfioNamesError } from 'vfio-names';

const machine = await open();
for (const { name, state, links } of machine.list()) console.log(name, state, ...links);

try {
  const { fd, close } = await machine.openDevice('0000:01:00.0');
  // Hand the descriptor to a virtual machine, then:
  close();
} catch (error) {
  if (!(error instanceof VfioNamesError)) throw error;
  console.error(error.message, error.hint, error.code, error.status);
}
\`\`\`

The types need no \`@types/node\`. This page is generated from the comments in the source by \`packaging/npm/api-page.mjs\`.
`;

// Returns the text of the page.
export function apiPage(declarations = libraryDeclarations()) {
  const byName = new Map(declarations.map((declaration) => [declaration.name, declaration]));
  const shown = declarations.filter(({ exported }) => exported);
  const kinds = [
    ['Functions', ({ text }) => text.startsWith('declare function')],
    ['Errors', ({ text, name }) => /^declare (?:class|const)/.test(text) || name === 'ExitStatus'],
    ['The machine', ({ name }) => name === 'VfioNames'],
    ['Types', () => true],
  ];
  const placed = new Set();
  const sections = kinds.map(([title, belongs]) => {
    const members = shown.filter((declaration) => !placed.has(declaration) && belongs(declaration));
    for (const member of members) placed.add(member);
    return `## ${title}\n\n${members.map((member) => entry(member, byName)).join('\n')}`;
  });
  return `${[introduction, ...sections].join('\n')}`;
}

function entry({ name, comment, text }, byName) {
  const head = `### ${name}\n\n`;
  const prose = paragraph(comment);
  const intro = prose === '' ? '' : `${prose}\n\n`;
  const base = byName.get(baseOf(text));
  const more = base?.exported
    ? `Has the properties of [${base.name}](#${base.name.toLowerCase()}), and:\n\n`
    : '';
  if (/^(?:interface|declare class)/.test(text))
    return `${head}${intro}${more}${members(text, byName).map(item).join('')}`;
  return `${head}${intro}\`\`\`ts\n${signature(text)}\n\`\`\`\n`;
}

// The members of an interface or class with their comments, those of an interface that is not exported included.
function members(text, byName) {
  const base = byName.get(baseOf(text));
  const inherited = base && !base.exported ? members(base.text, byName) : [];
  const body = text.slice(text.indexOf('{') + 1, text.lastIndexOf('}'));
  const own = [...body.matchAll(/^ {4}(\/\*\*[\s\S]*?\*\/)?\n? *readonly ([\w?]+): ([\s\S]*?);$/gm)].map(
    ([, comment = '', name, type]) => ({ comment, name, type: type.replace(/\s+/g, ' ') }),
  );
  return [...inherited, ...own];
}

function baseOf(text) {
  return /^interface \w+ extends (\w+)/.exec(text)?.[1];
}

// Returns what has no comment: names of declarations and, as NAME.MEMBER, of their members.
export function undocumented(declarations) {
  const byName = new Map(declarations.map((declaration) => [declaration.name, declaration]));
  return declarations
    .filter(({ exported }) => exported)
    .flatMap(({ name, comment, text }) => {
      const described = /^(?:interface|declare class)/.test(text) ? members(text, byName) : [];
      const bare = described
        .filter((member) => member.comment === '')
        .map((member) => `${name}.${member.name}`);
      return comment === '' ? [name, ...bare] : bare;
    });
}

function item({ comment, name, type }) {
  const call = /^(\(.*?\)) => (.*)$/.exec(type);
  const text = call ? `${name}${call[1]}: ${call[2]}` : `${name}: ${type}`;
  const prose = paragraph(comment);
  return `- \`${text}\`${prose === '' ? '' : `: ${prose}`}\n`;
}

function signature(text) {
  return text.replace(/^declare /, '').replace(/\{ root, hostRoot, \.\.\.options \}\?/, 'options?');
}

// The text of a comment on one line; its code words stay.
function paragraph(comment) {
  return comment
    .replace(/^\s*\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .trim();
}

if (process.argv[1] === import.meta.filename) writeFileSync(process.argv[2] ?? 'LIBRARY.md', apiPage());
