/** `rules uninstall`: removes the rules that `rules install` wrote and triggers udev to remove its links. */
import { planInstallation } from '../../rules/install.ts';
import { nodeFiles } from '../../system/node-files.ts';
import type { Run } from '../command.ts';
import { installRules } from '../rules-change.ts';

export const run: Run = (invocation, io) =>
  installRules(planInstallation(io.files ?? nodeFiles, invocation.root, undefined), invocation, io);
