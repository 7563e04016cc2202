/**
 * The policy of a machine, or of the files that somebody wants to try. Without any policy file this costs three failed
 * calls and loads no parser.
 */
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { Built } from './build.ts';
import { type PolicyText, readPolicyFile, readPolicyFiles } from './directories.ts';
import { policyError } from './mistake.ts';
import { defaultPolicy, type Policy } from './policy.ts';

/**
 * The policy below `root`, or of `policyFile` alone (a path as the user gave it, not below the root).
 * Throws VfioNamesError `policy` with the first mistake; warnings are for `config check`.
 */
export async function loadPolicy(files: Files, root: Root, policyFile?: string): Promise<Policy> {
  const texts = policyTexts(files, root, policyFile === undefined ? [] : [policyFile]);
  if (texts.length === 0) return defaultPolicy;
  const { policy, mistakes } = await build(texts);
  if (mistakes.length > 0) throw policyError(mistakes);
  return policy;
}

/** The texts of `paths`, in that order; of all files below `root` where there are none. */
export function policyTexts(files: Files, root: Root, paths: readonly string[]): PolicyText[] {
  if (paths.length === 0) return readPolicyFiles(files, root);
  return paths.map((file) => ({ file, text: readPolicyFile(files, file) }));
}

/** The built policy with all its mistakes and warnings, for commands that show them. */
export async function build(texts: readonly PolicyText[]): Promise<Built> {
  const { buildPolicy } = await import('./build.ts');
  return buildPolicy(texts);
}
