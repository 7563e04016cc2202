/** Makes a running udev reload its rules and apply them. */
import { errnoOf, ignoring } from '../errors.ts';
import type { Files } from '../system/files.ts';
import type { RunProgram } from '../system/programs.ts';
import type { Root } from '../system/root-path.ts';

/** Whether udev runs on this machine; always false below another root. */
export function isUdevRunning(files: Files, root: Root): boolean {
  return root === '' && ignoring(() => files.stat('/run/udev/control'), 'ENOENT', 'ENOTDIR') !== undefined;
}

/**
 * Reloads the rules, applies them to the existing devices, and waits until udev has done so: a `change` event runs all rules
 * except those for ACTION=="add", and removes links that no rule creates any more. Returns one line for each call that failed.
 *
 * The reload is asked for twice, since udevd can ignore a request. It accepts the connection of udevadm and only then asks for
 * the credentials of its messages (SO_PASSCRED, unix(7); udev_ctrl_event_handler in systemd's src/udev/udev-ctrl.c). A message
 * that arrives in between has none ("Invalid sender uid 65534"), and udevadm ends with status 0 nevertheless.
 */
export function reloadUdev(exec: RunProgram): string[] {
  const reload = ['control', '--reload'];
  const calls = [
    reload,
    reload,
    ['trigger', '--subsystem-match=vfio-dev', '--subsystem-match=vfio', '--action=change'],
    ['trigger', '--subsystem-match=misc', '--sysname-match=iommu', '--action=change'],
    // trigger returns when the events are queued.
    ['settle', '--timeout=30'],
  ];
  const failures = calls.flatMap((args) => {
    try {
      exec('udevadm', args);
      return [];
    } catch (error) {
      const reason = errnoOf(error) ?? `status ${(error as { status?: unknown }).status ?? 'unknown'}`;
      return [`udevadm ${args.join(' ')} failed: ${reason}; run it by hand, as root`];
    }
  });
  return [...new Set(failures)];
}
