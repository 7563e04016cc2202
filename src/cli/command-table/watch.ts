/** Command table: watch. */
import type { Command } from '../command.ts';
import { cdiInterface, cdiKind, policy } from './shared.ts';

export const watch: Command = {
  name: 'watch',
  summary: 'the service: keep the names true, where no udev does',
  options: {
    interval: {
      type: 'string',
      placeholder: 'SECONDS',
      help: 'look at least so often, whatever is heard; 30 is the default',
    },
    metrics: {
      type: 'string',
      placeholder: 'FILE',
      help: 'figures for the textfile collector of Prometheus, after each look',
    },
    cdi: {
      type: 'string',
      placeholder: 'FILE',
      help: 'keep a CDI specification true, too: a .json file in /etc/cdi or /var/run/cdi',
    },
    bus: {
      type: 'string',
      placeholder: 'BUS',
      help: 'with --cdi: the devices of this bus; pci is the default',
    },
    interface: { ...cdiInterface, help: `with --cdi: ${cdiInterface.help}` },
    kind: { ...cdiKind, help: `with --cdi: ${cdiKind.help}` },
    policy,
  },
  details: [
    'A name comes when its node is in /dev/vfio/devices and goes with it.',
    'Runs until SIGTERM or SIGINT; SIGHUP reads the policy anew, and a wrong one is refused.',
    'With --json: a JSON document on one line for each change.',
    'The file of --cdi is compared with the devices ahead of the names, and once more after it was written. It is removed where there is no device, and at the end, since nobody keeps it true from then on. It says vfioN, and the kernel gives N anew: between such a change and the next look the file is that of before, so a container proves its device by resolve.',
  ],
  load: async () => (await import('../commands/watch.ts')).run,
};
