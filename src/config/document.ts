/** Parses the text of a policy file and validates it against the schema. */
import { parse } from 'smol-toml';
import { printable } from '../text/printable.ts';
import type { PolicyText } from './directories.ts';
import { type KeyPath, keyLineFinder } from './locate.ts';
import type { Diagnostic } from './mistake.ts';
import { schemaDiagnostics } from './schema-mistakes.ts';
import { validate } from './validate-policy.js';

type Table<T> = Readonly<Record<string, T>>;

/** A document that policy.schema.json accepts. */
export interface PolicyContent {
  readonly scheme?: 1;
  readonly names?: Table<boolean | Table<Table<unknown>>>;
  readonly link?: readonly {
    readonly match?: Table<unknown>;
    readonly name: string;
    readonly priority?: number;
  }[];
  readonly access?: readonly (RawAccess & { readonly match?: Table<unknown> })[];
  readonly iommu?: RawAccess;
}

export interface RawAccess {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}

/** One parsed file, with a function that locates its keys. */
export interface PolicyDocument {
  readonly file: string;
  readonly content: PolicyContent;
  /** Creates an error about the key at `path`. */
  readonly errorAt: (path: KeyPath, message: string) => Diagnostic;
}

/** Parses one file; returns errors and no document if it is not UTF-8, not TOML, or does not match the schema. */
export function readDocument({
  file,
  text,
}: PolicyText): PolicyDocument | { readonly mistakes: readonly Diagnostic[] } {
  if (text.includes('\ufffd')) {
    const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
    return { mistakes: [{ source: { file, line }, key: '', message: 'expected UTF-8, found other bytes' }] };
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    return { mistakes: [syntaxError(file, error)] };
  }
  const lineOf = keyLineFinder(text);
  const errorAt = (path: KeyPath, message: string): Diagnostic => ({
    source: { file, line: lineOf(path) },
    key: path.filter((step) => typeof step === 'string').join('.'),
    message,
  });
  if (validate(content)) return { file, content: content as PolicyContent, errorAt };
  const errors = schemaDiagnostics(validate.errors ?? [], content);
  return { mistakes: errors.map(({ path, message }) => errorAt(path, message)) };
}

function syntaxError(file: string, error: unknown): Diagnostic {
  const { line = 1, message = '' } = error as { line?: number; message?: string };
  const [first = ''] = message.replace(/^Invalid TOML document: /, '').split('\n');
  return { source: { file, line }, key: '', message: `bad TOML: ${printable(first)}` };
}
