/** The table of commands in the order of the help; used by the parser, the help, the man pages and the completions. */
import type { Command } from './command.ts';
import { bind, doctor, graph, watch } from './commands-host.ts';
import { list, plan, resolve, show, sync, verify } from './commands-names.ts';
import {
  configCheck,
  configSchema,
  configShow,
  rulesCheck,
  rulesInstall,
  rulesRender,
  rulesUninstall,
} from './commands-policy.ts';
import { cdi, exec, holders, nfd, probe } from './commands-use.ts';

export { commonOptions } from './command-options.ts';

export const commands: readonly Command[] = [
  list,
  show,
  resolve,
  plan,
  sync,
  verify,
  probe,
  holders,
  doctor,
  watch,
  exec,
  cdi,
  nfd,
  graph,
  bind,
  rulesRender,
  rulesCheck,
  rulesInstall,
  rulesUninstall,
  configCheck,
  configShow,
  configSchema,
];
