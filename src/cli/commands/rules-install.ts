/** `rules install`: writes the policy's udev rules and triggers udev to apply them. */
import { loadPolicy } from '../../config/load.ts';
import { planRulesChange } from '../../rules/install.ts';
import { renderRules } from '../../rules/render.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { RunCommand } from '../command.ts';
import { installRules } from '../rules-change.ts';

export const run: RunCommand = async (invocation, io) => {
  const files = io.files ?? nodeFiles;
  const text = renderRules('udev', await loadPolicy(files, invocation.root, invocation.values['policy']));
  return installRules(planRulesChange(files, invocation.root, text), invocation, io);
};
