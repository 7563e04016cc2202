/** The command lines that people are told to type: in the texts of the project and in the manual. Knows not what they do. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { manual } from '../../src/manual/manual.ts';
import { templates } from '../manual/templates.ts';

const top = resolve(import.meta.dirname, '../..');

/** A file of the project, by its path from the top. */
export function projectText(path: string): string {
  return readFileSync(join(top, path), 'utf8');
}

/** The texts in which people look for a command line. */
export const texts = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'packaging/README.md',
  'test/vm/README.md',
];

/** The blocks of a Markdown text that are indented, without their indentation. */
export function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+/g)].map(([block]) =>
    block.replace(/^ {4}/gm, '').trim(),
  );
}

/** One line a command: what a backslash goes on with is joined, what stands two blanks apart is a comment. */
export function commandLines(text: string): string[] {
  return text
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/^\$ /, '').split(' && '))
    .map((line) => line.replace(/ {2,}.*$/, '').trim())
    .filter((line) =>
      /^(?:vfio-names(?! - )|vfio_id link (?:add|remove)|podman|prlimit|systemctl|udevadm|npm|node=)(?:[ =$]|$)/.test(
        line,
      ),
    );
}

/** Those in the blocks and between the backticks of a Markdown text. */
export function linesOfText(markdown: string): string[] {
  const blocks = blocksOf(markdown).flatMap(commandLines);
  const words = [...markdown.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => commandLines(text));
  return [...blocks, ...words];
}

/** Those of the pages of the manual: paragraphs, lines that keep their breaks, and words in bold. */
export function linesOfManual(): string[] {
  const pages = [...manual(templates, '2026-01-02')].filter(([path]) => path.startsWith('man/'));
  const plain = (line: string): string => line.replace(/\\-/g, '-').replace(/\\\(aq/g, "'");
  return pages.flatMap(([, page]) => {
    // A synopsis has patterns, and a term of a list is one.
    const body = page.replace(/^\.SH SYNOPSIS\n[\s\S]*?(?=^\.SH )/gm, '').replace(/^\.TP\n.*$/gm, '');
    return body
      .split('\n')
      .map((line) => plain(line.replace(/^\.B /, '')))
      .flatMap(commandLines);
  });
}
