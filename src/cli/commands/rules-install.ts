/** `rules install`: writes the policy's udev rules and triggers udev to apply them. */
import { loadPolicy } from '../../config/load.ts';
import { planInstallation } from '../../rules/install.ts';
import { render } from '../../rules/render.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { Run } from '../command.ts';
import { installRules } from '../rules-change.ts';

export const run: Run = async (invocation, io) => {
  const files = io.files ?? nodeFiles;
  const text = render('udev', await loadPolicy(files, invocation.root, invocation.values['policy']));
  return installRules(planInstallation(files, invocation.root, text), invocation, io);
};
