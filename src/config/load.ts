/**
 * Loads the policy of a machine, or of given files. On a machine without policy files this takes three failed system
 * calls and loads no parser.
 */
import type { Files } from '../system/files.ts';
import type { Root } from '../system/root.ts';
import type { BuildResult } from './build.ts';
import { type PolicyText, readPolicyFile, readPolicyFiles } from './directories.ts';
import { policyError } from './mistake.ts';
import { defaultPolicy, type Policy } from './policy.ts';

/**
 * Loads the policy below `root`, or of `policyFile` alone (a path as the user gave it, not below the root).
 * Throws VfioNamesError `policy` (status 2) with the first error; ignores warnings, which `config check` reports.
 */
export async function loadPolicy(files: Files, root: Root, policyFile?: string): Promise<Policy> {
  const texts = readPolicyTexts(files, root, policyFile === undefined ? [] : [policyFile]);
  if (texts.length === 0) return defaultPolicy;
  const { policy, errors } = await buildTexts(texts);
  if (errors.length > 0) throw policyError(errors);
  return policy;
}

/** Reads the files in `paths`, in that order, or all policy files below `root` if `paths` is empty. */
export function readPolicyTexts(files: Files, root: Root, paths: readonly string[]): PolicyText[] {
  if (paths.length === 0) return readPolicyFiles(files, root);
  return paths.map((file) => ({ file, text: readPolicyFile(files, file) }));
}

/** Builds the policy with all errors and warnings, for commands that print them. */
export async function buildTexts(texts: readonly PolicyText[]): Promise<BuildResult> {
  const { buildPolicy } = await import('./build.ts');
  return buildPolicy(texts);
}
