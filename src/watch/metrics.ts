/** Formats the metrics of the service in the text format of Prometheus, for the node exporter's textfile collector. */

import type { Counts } from './events.ts';

export interface Metrics extends Counts {
  /** 1 if the last reload rejected the policy, so that an older one is in use; else 0. */
  readonly policyRejected: 0 | 1;
  readonly passes: number;
  /** Changes made since the start. */
  readonly changes: number;
  /** Problems reported since the start. */
  readonly errors: number;
  /** When the last pass ended, in seconds since 1970. */
  readonly lastPass: number;
  /** How long the last pass took, in seconds. */
  readonly duration: number;
}

/**
 * Returns the document: each metric with its help and type
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export function metricsText(figures: Metrics): string {
  const rows: readonly (readonly [string, 'gauge' | 'counter', string, number])[] = [
    ['devices', 'gauge', 'Devices bound to a VFIO driver.', figures.devices],
    [
      'missing_nodes',
      'gauge',
      'Devices whose node is missing in /dev/vfio/devices, so that they have no names.',
      figures.missing,
    ],
    ['links', 'gauge', 'Links below /dev/vfio that are correct.', figures.links],
    [
      'findings',
      'gauge',
      'Problems that persist: conflicts, failures, what could not be read.',
      figures.findings,
    ],
    [
      'policy_rejected',
      'gauge',
      'Whether the last reload rejected the policy, so that an older one is in use.',
      figures.policyRejected,
    ],
    ['passes_total', 'counter', 'Passes in which all names were compared with sysfs.', figures.passes],
    ['changes_total', 'counter', 'Changes made to names and nodes.', figures.changes],
    ['errors_total', 'counter', 'Problems that were reported, including rejected policies.', figures.errors],
    ['last_pass_timestamp_seconds', 'gauge', 'When the last pass ended.', figures.lastPass],
    ['last_pass_duration_seconds', 'gauge', 'How long the last pass took.', figures.duration],
  ];
  return rows
    .map(
      ([name, type, help, value]) =>
        `# HELP vfio_names_${name} ${help}\n# TYPE vfio_names_${name} ${type}\nvfio_names_${name} ${value}\n`,
    )
    .join('');
}

/** Whether the text is a metrics file of vfio-names. */
export function isMetricsFile(text: string): boolean {
  return text.startsWith('# HELP vfio_names_');
}

/** When the last pass ended, in seconds since 1970; `undefined` if the text is not a metrics file of vfio-names. */
export function lastPassOf(text: string): number | undefined {
  const value = /^vfio_names_last_pass_timestamp_seconds (\d+(?:\.\d+)?)$/m.exec(text)?.[1];
  return isMetricsFile(text) && value !== undefined ? Number(value) : undefined;
}
