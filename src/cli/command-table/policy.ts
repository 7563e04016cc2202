/** Command table: `rules ...` and `config ...`. */
import type { Command } from '../command.ts';
import { policy } from './shared.ts';

export const rulesRender: Command = {
  name: 'rules render',
  summary: 'the rules of the policy, for udev or busybox',
  options: {
    target: {
      type: 'string',
      placeholder: 'TARGET',
      choices: ['udev', 'mdev', 'mdevd'],
      help: 'who reads them; udev is the default',
    },
    via: {
      type: 'string',
      placeholder: 'WAY',
      choices: ['native', 'import', 'run'],
      help: 'who makes the links: udev alone where it can (native, the default), udev with names from vfio_id, or vfio_id',
    },
    policy,
  },
  load: async () => (await import('../commands/rules-render.ts')).run,
};

export const rulesCheck: Command = {
  name: 'rules check',
  summary: 'whether the rules that udev reads are those of the policy',
  options: { policy },
  details: ['Exit status 1 when they are not, with the reason.'],
  load: async () => (await import('../commands/rules-check.ts')).run,
};

export const rulesInstall: Command = {
  name: 'rules install',
  summary: 'write the rules of the policy to /etc/udev/rules.d and apply them',
  options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' }, policy },
  details: ['A file there that vfio-names did not make is never replaced.'],
  load: async () => (await import('../commands/rules-install.ts')).run,
};

export const rulesUninstall: Command = {
  name: 'rules uninstall',
  summary: 'remove the rules that rules install wrote',
  options: { 'dry-run': { type: 'boolean', help: 'show what would change as a diff' } },
  details: ['A file there that vfio-names did not make is never removed.'],
  load: async () => (await import('../commands/rules-uninstall.ts')).run,
};

export const configCheck: Command = {
  name: 'config check',
  summary: 'every mistake in the policy, with file, line and key',
  operands: { label: '[FILE...]', min: 0, max: Number.POSITIVE_INFINITY },
  details: [
    'Without FILE: the installed policy, /usr/lib/vfio-names/*.toml, /run/vfio-names/*.toml and /etc/vfio-names/*.toml.',
    'Exit status 2 on any mistake; warnings are told and change no status.',
  ],
  load: async () => (await import('../commands/config-check.ts')).run,
};

export const configShow: Command = {
  name: 'config show',
  summary: 'the policy that holds, and which file gave each part',
  options: { policy },
  load: async () => (await import('../commands/config-show.ts')).run,
};

export const configSchema: Command = {
  name: 'config schema',
  summary: 'the JSON Schema of a policy file',
  load: async () => (await import('../commands/config-schema.ts')).run,
};
