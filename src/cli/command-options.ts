/** Options and operands that several commands have. */
import type { Option } from './command.ts';

/** Options of every command. */
export const commonOptions: Readonly<Record<string, Option>> = {
  root: {
    type: 'string',
    placeholder: 'DIR',
    help: 'use DIR as the root directory: an image, a container, a test; opens no device, and changes no owner or mode',
  },
  'host-root': {
    type: 'string',
    placeholder: 'DIR',
    help: "like --root, without its limits: DIR is this machine's own tree, as a container sees it",
  },
  json: { type: 'boolean', help: 'print one JSON document, also for an error; its schema is in the package' },
  quiet: { type: 'boolean', short: 'q', help: 'print only errors; the exit status shows the result' },
  verbose: { type: 'boolean', short: 'v', help: 'also print the code, path and cause of an error' },
  'no-color': { type: 'boolean', help: 'no colour (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  version: { type: 'boolean', short: 'V', help: 'print the version' },
};

/** --policy, for every command that reads the policy. */
export const policy: Option = {
  type: 'string',
  placeholder: 'FILE',
  help: 'use this policy file instead of the installed ones',
};

/** --interface, for `cdi` and `watch`, and their other options. */
export const cdiInterface: Option = {
  type: 'string',
  placeholder: 'WHICH',
  choices: ['cdev', 'group', 'auto'],
  help: 'nodes of devices with /dev/iommu, or of groups with /dev/vfio/vfio; auto selects cdev if both exist',
};

export const cdiGroups: Option = {
  type: 'boolean',
  help: 'each device has the nodes of all devices of its group that are bound to VFIO drivers',
};

export const cdiKind: Option = {
  type: 'string',
  placeholder: 'KIND',
  help: 'VENDOR/CLASS; vfio-names.dev/BUS is the default',
};

export const oneName = { label: 'NAME', min: 1, max: 1 } as const;
export const manyNames = { label: 'NAME...', min: 1, max: Number.POSITIVE_INFINITY } as const;
export const anyNames = { label: '[NAME...]', min: 0, max: Number.POSITIVE_INFINITY } as const;
