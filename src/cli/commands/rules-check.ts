/** `rules check`: checks whether the rules that udev reads match the policy. */
import { loadPolicy } from '../../config/load.ts';
import { exitStatus } from '../../errors.ts';
import { judge } from '../../rules/check.ts';
import { findRules } from '../../rules/place.ts';
import { render } from '../../rules/render.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { Run } from '../command.ts';
import { jsonDocument } from '../json.ts';

export const run: Run = async ({ root, values, json }, io) => {
  const files = io.files ?? nodeFiles;
  const expected = render('udev', await loadPolicy(files, root, values['policy']));
  const verdict = judge(findRules(files, root), expected);
  const { right, path, state, message } = verdict;
  io.out(json ? jsonDocument({ right, file: path, rulesState: state, message }) : `${message}\n`);
  return right ? exitStatus.fine : exitStatus.findings;
};
