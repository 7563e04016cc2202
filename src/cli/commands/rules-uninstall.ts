/** `rules uninstall`: removes the rules that `rules install` wrote and triggers udev to remove its links. */
import { planRulesChange } from '../../rules/install.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { RunCommand } from '../command.ts';
import { installRules } from '../rules-change.ts';

export const run: RunCommand = (invocation, io) =>
  installRules(planRulesChange(io.files ?? nodeFiles, invocation.root, undefined), invocation, io);
