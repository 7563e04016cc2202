/** The table of commands in the order of the help; used by the parser, the help, the man pages and the completions. */
import type { Command } from './command.ts';
import { doctor, graph, holders, probe } from './command-table/devices.ts';
import { cdi, exec, nfd } from './command-table/hand-over.ts';
import { list, plan, resolve, show, sync, verify } from './command-table/names.ts';
import {
  configCheck,
  configSchema,
  configShow,
  rulesCheck,
  rulesInstall,
  rulesRender,
  rulesUninstall,
} from './command-table/policy.ts';
import { watch } from './command-table/watch.ts';

export { commonOptions } from './command-table/shared.ts';

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
  rulesRender,
  rulesCheck,
  rulesInstall,
  rulesUninstall,
  configCheck,
  configShow,
  configSchema,
];
