/** Extracts the command lines from the Markdown texts and the manual. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { manual } from '../../packaging/manual/manual.ts';
import { templates } from '../support/templates.ts';

const top = resolve(import.meta.dirname, '../..');

/** The text of a project file; the path is relative to the top-level directory. */
export function projectText(path: string): string {
  return readFileSync(join(top, path), 'utf8');
}

/** The texts whose command lines are tested. */
export const markdownFiles = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'packaging/README.md',
  'test/bench/README.md',
  'test/integration/README.md',
  'test/integration/vm/README.md',
];

export interface Block {
  /** The word after the opening fence: `sh`, `console`, `toml`, `ini`, `text`; empty for an indented block. */
  readonly language: string;
  readonly text: string;
}

const fence = /^```(\w*)\n([\s\S]*?)\n```$/gm;

/** The fenced code blocks of a Markdown text. */
export function fencedBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map(([, language = '', text = '']) => ({ language, text }));
}

/** The indented code blocks of a Markdown text, without the indentation. */
export function codeBlocksOf(markdown: string): string[] {
  return [...markdown.replace(fence, '').matchAll(/(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+/g)].map(([block]) =>
    block.replace(/^ {4}/gm, '').trim(),
  );
}

/** The lines of a text: joins lines that end with a backslash and removes comments, which follow two spaces. */
function shellLines(text: string): string[] {
  return text
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/^\$ /, '').split(' && '))
    .map((line) => line.replace(/ {2,}.*$/, '').trim())
    .filter(Boolean);
}

/** The lines of a text that call one of the programs that the tests know. */
export function commandLines(text: string): string[] {
  return shellLines(text).filter((line) =>
    /^(?:vfio-names(?! - )|vfio_id link (?:add|remove)|podman|prlimit|systemctl|udevadm|npm|node=)(?:[ =$]|$)/.test(
      line,
    ),
  );
}

/**
 * The command lines in the code blocks and between the backticks of a Markdown text. Every line of a block marked `sh` is
 * one. The blocks marked `console` also have output; session.ts runs those.
 */
export function linesOfText(markdown: string): string[] {
  const blocks = codeBlocksOf(markdown).flatMap(commandLines);
  const fenced = fencedBlocks(markdown).flatMap(({ language, text }) =>
    language === 'sh' ? shellLines(text) : [],
  );
  const prose = markdown.replace(fence, '');
  const inlineLines = [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => commandLines(text));
  return [...blocks, ...fenced, ...inlineLines];
}

/** The command lines of the man pages: in paragraphs, in unfilled lines and in bold. */
export function linesOfManual(): string[] {
  const pages = [...manual(templates, '2026-01-02')].filter(([path]) => path.startsWith('man/'));
  const plain = (line: string): string => line.replace(/\\-/g, '-').replace(/\\\(aq/g, "'");
  return pages.flatMap(([, page]) => {
    // Synopses and list terms contain patterns, not command lines.
    const body = page.replace(/^\.SH SYNOPSIS\n[\s\S]*?(?=^\.SH )/gm, '').replace(/^\.TP\n.*$/gm, '');
    return body
      .split('\n')
      .map((line) => plain(line.replace(/^\.B /, '')))
      .flatMap(commandLines);
  });
}
