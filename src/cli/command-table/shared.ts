/** Options and operands that several commands share. */
import type { Option } from '../command.ts';

/** Options of every command. */
export const commonOptions: Readonly<Record<string, Option>> = {
  root: {
    type: 'string',
    placeholder: 'DIR',
    help: 'work on the tree below DIR: an image, a container, a test',
  },
  json: { type: 'boolean', help: 'print one JSON document; its schema is in the package' },
  quiet: { type: 'boolean', short: 'q', help: 'print no results, only errors; the exit status tells' },
  verbose: { type: 'boolean', short: 'v', help: 'of an error tell its code, path and cause, too' },
  'no-color': { type: 'boolean', help: 'no colour (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

/** --policy, for every command that reads the policy. */
export const policy: Option = {
  type: 'string',
  placeholder: 'FILE',
  help: 'use this policy file instead of the installed ones',
};

/** --interface and --kind, for `cdi` and `watch`. */
export const cdiInterface: Option = {
  type: 'string',
  placeholder: 'WHICH',
  choices: ['cdev', 'group', 'auto'],
  help: 'nodes of devices with /dev/iommu, or of groups with /dev/vfio/vfio; auto takes cdev where there are both',
};
export const cdiKind: Option = {
  type: 'string',
  placeholder: 'KIND',
  help: 'VENDOR/CLASS; vfio-names.dev/BUS is the default',
};

export const oneName = { label: 'NAME', min: 1, max: 1 } as const;
export const manyNames = { label: 'NAME...', min: 1, max: Number.POSITIVE_INFINITY } as const;
export const anyNames = { label: '[NAME...]', min: 0, max: Number.POSITIVE_INFINITY } as const;
