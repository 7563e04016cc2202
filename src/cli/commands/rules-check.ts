/** `rules check`: checks whether the rules that udev reads match the policy. */
import { loadPolicy } from '../../config/load.ts';
import { exitStatus } from '../../errors.ts';
import { checkRules } from '../../rules/check.ts';
import { findRules } from '../../rules/place.ts';
import { renderRules } from '../../rules/render.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { RunCommand } from '../command.ts';
import { jsonDocument } from '../json.ts';

export const run: RunCommand = async ({ root, values, json }, io) => {
  const files = io.files ?? nodeFiles;
  const expected = renderRules('udev', await loadPolicy(files, root, values['policy']));
  const verdict = checkRules(findRules(files, root), expected);
  const { ok, path, state: rulesState, message } = verdict;
  io.out(json ? jsonDocument({ right: ok, file: path, rulesState, message }) : `${message}\n`);
  return ok ? exitStatus.ok : exitStatus.findings;
};
