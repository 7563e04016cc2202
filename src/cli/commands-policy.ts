/** The commands about the policy and the rules that are made from it. */
import type { Command } from './command.ts';
import { policy } from './command-options.ts';

export const rulesRender: Command = {
  name: 'rules render',
  summary: 'print the rules of the policy, for udev or busybox',
  options: {
    target: {
      type: 'string',
      placeholder: 'TARGET',
      choices: ['udev', 'mdev', 'mdevd'],
      help: 'the program that reads them; udev is the default',
    },
    via: {
      type: 'string',
      placeholder: 'WAY',
      choices: ['native', 'import', 'run'],
      help: 'what creates the links: udev alone where possible (native, the default), udev with names from vfio_id (import), or vfio_id (run)',
    },
    bind: { type: 'boolean', help: 'the rules for drivers, [[bind]]; nothing if the policy has none' },
    policy,
  },
  load: async () => (await import('./commands/rules.ts')).runRulesRender,
};

export const rulesCheck: Command = {
  name: 'rules check',
  summary: 'check whether the rules that udev reads match the policy',
  options: { policy },
  details: ['If they do not, prints the reason and exits with status 1.'],
  load: async () => (await import('./commands/rules.ts')).runRulesCheck,
};

export const rulesInstall: Command = {
  name: 'rules install',
  summary: 'write the rules of the policy to /etc/udev/rules.d and apply them',
  options: {
    'dry-run': { type: 'boolean', short: 'n', help: 'show what would change as a diff' },
    yes: {
      type: 'boolean',
      short: 'y',
      help: 'install rules for drivers without asking, even if the host uses one of the devices',
    },
    policy,
  },
  details: [
    'A file that vfio-names did not write is never replaced.',
    'If the policy has rules for drivers ([[bind]]), they are in a file of their own, 60-vfio-names-bind.rules. Before it changes, rules install lists the devices that get another driver, and asks if the host uses one of them: a mounted file system or swap space on it, a network interface that is up, the graphics card of the console. Without a terminal, that is an error unless --yes is given.',
  ],
  load: async () => (await import('./commands/rules.ts')).runRulesInstall,
};

export const rulesUninstall: Command = {
  name: 'rules uninstall',
  summary: 'remove the rules that rules install wrote',
  options: { 'dry-run': { type: 'boolean', short: 'n', help: 'show what would change as a diff' } },
  details: ['A file that vfio-names did not write is never removed.'],
  load: async () => (await import('./commands/rules.ts')).runRulesUninstall,
};

export const configCheck: Command = {
  name: 'config check',
  summary: 'report every error in the policy, with file, line and key',
  operands: { label: '[FILE...]', min: 0, max: Number.POSITIVE_INFINITY },
  details: [
    'Without FILE, checks the installed policy: /usr/lib/vfio-names/*.toml, /run/vfio-names/*.toml and /etc/vfio-names/*.toml.',
    'Warns about patterns that match no value, aliases that two files define, accounts that udev 258 and 259 ignore, and files that are ignored because of their name. Notes name the rules that fit no device of this machine, and the names that several devices would get.',
  ],
  load: async () => (await import('./commands/config.ts')).runConfigCheck,
};

export const configShow: Command = {
  name: 'config show',
  summary: 'print the policy in effect, and the file that each part comes from',
  options: { policy },
  load: async () => (await import('./commands/config.ts')).runConfigShow,
};

export const configSchema: Command = {
  name: 'config schema',
  summary: 'print the JSON Schema of a policy file',
  load: async () => (await import('./commands/config.ts')).runConfigSchema,
};
