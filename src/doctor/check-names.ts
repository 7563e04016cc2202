/** Checks what creates the links and whether they are correct: policy, udev, watch, verify. */
import { printable } from '../text/printable.ts';
import { fault, type Line, ok, warning } from './line.ts';
import type { Snapshot } from './snapshot.ts';

/** Reports whether the policy is valid. */
export function checkPolicy({ policyFault }: Snapshot): Line {
  return policyFault === undefined
    ? ok('policy', 'valid')
    : fault('policy', policyFault, 'fix that file; vfio-names config check tells when it is right');
}

const install = 'vfio-names rules install';

/** Checks that udev runs, has current rules, and has created the links of the devices that are bound. */
export function checkUdev({ udev, watcher, devices }: Snapshot): Line {
  const rules = udev.rules === undefined ? undefined : printable(udev.rules);
  if (!udev.running) {
    const unusedRules = rules === undefined ? '' : `, so that ${rules} has no effect`;
    const message = `udev is not running${unusedRules}`;
    return watcher === undefined
      ? warning('udev', message, 'start udev, or keep vfio-names watch running instead')
      : ok('udev', `${message}; vfio-names watch does its work`);
  }
  const named = devices.filter((state) => state.namedByUdev !== undefined);
  const report = named.length > 0 && watcher === undefined ? fault : warning;
  if (rules === undefined) return report('udev', 'udev is running, but has no rules of vfio-names', install);
  if (udev.state === 'masked')
    return report(
      'udev',
      `${rules} is empty: the rules of vfio-names are switched off`,
      `remove ${rules}, then ${install}`,
    );
  if (udev.state === 'foreign')
    return report('udev', `${rules} is not made by vfio-names`, `move it away, then ${install}`);
  const unnamed = named
    .filter((state) => state.namedByUdev === false)
    .map(({ device }) => printable(device.name));
  if (unnamed.length > 0)
    return fault(
      'udev',
      `${rules} is there, but udev has not made the name of ${unnamed.slice(0, 3).join(', ')}${unnamed.length > 3 ? ` and ${unnamed.length - 3} more` : ''}`,
      'udevadm control --reload; udevadm trigger --subsystem-match=vfio-dev --action=change',
    );
  if (udev.state !== 'current') {
    const reason =
      udev.state === 'other-policy' ? 'was made from another policy' : 'is not what the policy gives';
    return warning('udev', `${rules} ${reason}`, install);
  }
  return ok(
    'udev',
    named.length > 0
      ? `running, and made all ${named.length === 1 ? 'one name' : `${named.length} names`} by ${rules}`
      : `running, with ${rules}`,
  );
}

/** Reports whether `vfio-names watch` is running; no line if neither watch nor udev is. */
export function checkWatch({ udev, watcher }: Snapshot): Line[] {
  if (watcher !== undefined) {
    const withUdev = udev.running && udev.rules !== undefined ? ', beside udev: it only repairs' : '';
    return [ok('watch', `running (pid ${watcher})${withUdev}`)];
  }
  return udev.running ? [ok('watch', 'not running, and not needed where udev runs')] : [];
}

/** Reports the number of findings of `vfio-names verify`. */
export function checkDrift({ findings, fixable }: Snapshot): Line {
  if (typeof findings === 'string')
    return warning('names', `could not be verified: ${findings}`, 'run it as root, or see vfio-names verify');
  if (findings === 0) return ok('names', 'all true');
  const count = findings === 1 ? 'one finding' : `${findings} findings`;
  const sync = fixable > 0 ? `; vfio-names sync mends ${fixable === findings ? 'all' : fixable} of them` : '';
  return fault('names', `${count} of vfio-names verify`, `vfio-names verify shows them${sync}`);
}
