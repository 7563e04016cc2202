/** Checks what creates the links and whether they are correct: policy, udev, watch, verify. */
import { printable } from '../text/printable.ts';
import { type CheckResult, error, ok, warning } from './result.ts';
import type { Snapshot } from './snapshot.ts';

/** Reports whether the policy is valid. */
export function checkPolicy({ policyError, policyNotes }: Snapshot): CheckResult {
  if (policyError !== undefined)
    return error('policy', policyError, 'fix that file; then run vfio-names config check');
  const [first, ...others] = policyNotes;
  if (first === undefined) return ok('policy', 'valid');
  const more = others.length > 0 ? `; and ${others.length} more` : '';
  return warning('policy', `${first}${more}`, 'vfio-names config check compares the policy with the devices');
}

const install = 'vfio-names rules install';

/** Checks that udev runs, has current rules, and has created the links of the devices that are bound. */
export function checkUdev({ udev, watchPid, devices }: Snapshot): CheckResult {
  const rules = udev.rulesPath === undefined ? undefined : printable(udev.rulesPath);
  if (!udev.running) {
    const unusedRules = rules === undefined ? '' : `, so that ${rules} has no effect`;
    const message = `udev is not running${unusedRules}`;
    return watchPid === undefined
      ? warning('udev', message, 'start udev, or keep vfio-names watch running instead')
      : ok('udev', `${message}; vfio-names watch keeps the links up to date instead`);
  }
  const named = devices.filter((state) => state.linkedByUdev !== undefined);
  const report = named.length > 0 && watchPid === undefined ? error : warning;
  if (rules === undefined) return report('udev', 'udev is running, but has no rules of vfio-names', install);
  if (udev.rulesState === 'masked')
    return report(
      'udev',
      `${rules} is empty: the rules of vfio-names are switched off`,
      `remove ${rules}, then ${install}`,
    );
  if (udev.rulesState === 'unmanaged')
    return report('udev', `${rules} was not made by vfio-names`, `move it away, then ${install}`);
  const unnamed = named.filter((state) => state.linkedByUdev === false);
  if (unnamed.length > 0) {
    const names = unnamed.slice(0, 3).map(({ device }) => printable(device.name));
    // A device without a node of its own is named by its group.
    const subsystem = unnamed.some(({ device }) => device.devnum === undefined) ? 'vfio' : 'vfio-dev';
    return error(
      'udev',
      `${rules} is there, but udev has not made the name of ${names.join(', ')}${unnamed.length > 3 ? ` and ${unnamed.length - 3} more` : ''}`,
      `udevadm control --reload; udevadm trigger --subsystem-match=${subsystem} --action=change`,
    );
  }
  if (udev.rulesState !== 'current') {
    const reason =
      udev.rulesState === 'policy-changed' ? 'was made from another policy' : 'does not match the policy';
    const remedy = udev.embedded ? 'put the output of vfio-names rules render there' : install;
    return warning('udev', `${rules} ${reason}`, remedy);
  }
  return ok(
    'udev',
    named.length > 0
      ? `running, and created ${named.length === 1 ? 'the one name' : `all ${named.length} names`} with ${rules}`
      : `running, with ${rules}`,
  );
}

/** Reports whether `vfio-names watch` is running; no line if neither watch nor udev is. */
export function checkWatch({ udev, watchPid }: Snapshot): CheckResult[] {
  if (watchPid !== undefined) {
    const withUdev = udev.running && udev.rulesPath !== undefined ? ', beside udev: it only repairs' : '';
    return [ok('watch', `running (pid ${watchPid})${withUdev}`)];
  }
  return udev.running ? [ok('watch', 'not running, and not needed where udev runs')] : [];
}

/** Reports the number of findings of `vfio-names verify`. */
export function checkLinks({ policyError, verifyFindings, fixableFindings }: Snapshot): CheckResult {
  if (policyError !== undefined)
    return warning('names', 'not checked, since the policy has an error', 'fix the policy first');
  if (typeof verifyFindings === 'string')
    return warning(
      'names',
      `could not be verified: ${verifyFindings}`,
      'run it as root, or see vfio-names verify',
    );
  if (verifyFindings === 0) return ok('names', 'all correct');
  const count = verifyFindings === 1 ? 'one finding' : `${verifyFindings} findings`;
  const sync =
    fixableFindings > 0
      ? `; vfio-names sync fixes ${fixableFindings === verifyFindings ? 'all' : fixableFindings} of them`
      : '';
  return error('names', `${count} of vfio-names verify`, `vfio-names verify shows them${sync}`);
}
