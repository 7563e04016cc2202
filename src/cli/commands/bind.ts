/** `bind`: gives devices without a driver the driver that the policy wants; the service vfio-names-bind.service runs it at boot. */
import { applyBind, type BindReport, modprobe } from '../../bind/apply.ts';
import { findWantedDevices, findWantedPfs, type WantedDevice, type WantedPf } from '../../bind/devices.ts';
import { readDriverAliases } from '../../bind/driver-alias.ts';
import { type BindExplanation, bindExplainer, isPending } from '../../bind/explain.ts';
import {
  type ExitStatus,
  exitStatus,
  explainErrno,
  isPermissionErrno,
  tryOrUndefined,
  VfioNamesError,
  withHint,
} from '../../errors.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Files } from '../../system/files.ts';
import { pathBelow, type Root } from '../../system/root-path.ts';
import { printable } from '../../text/printable.ts';
import { bindRulesFileName, findRules, type RulesFile } from '../../udev/installed-rules.ts';
import { policyId, readHeader } from '../../udev/syntax.ts';
import type { Invocation, Io, RunCommand } from '../command.ts';
import { loadPolicyOption } from '../context.ts';
import { jsonDocument } from '../json.ts';

/** One line of the result. */
interface BindLine {
  readonly device: WantedDevice;
  readonly message: string;
  readonly remedy?: string;
  readonly isProblem: boolean;
}

export const run: RunCommand = async (invocation, io, system) => {
  const { files } = system;
  const { root, ownTree, flags } = invocation;
  const dryRun = flags['dry-run'] === true;
  if (!dryRun && !ownTree) throw foreignTree(root);
  const leaveAlone = (why: string): ExitStatus => {
    io.err(`vfio-names: ${why}: no device gets a driver of the policy`);
    if (invocation.json) io.out(jsonDocument({ dryRun, devices: [], pfs: [] }));
    return exitStatus.ok;
  };
  const installed = flags['installed'] === true;
  // Before all else, since it is the way back from a policy of any kind.
  if (installed && isTurnedOff(files, root))
    return leaveAlone('vfio_names.bind=0 on the command line of the kernel');
  const policy = await loadPolicyOption(invocation, system);
  const masked = installed ? checkInstalled(files, root, policy) : undefined;
  if (masked !== undefined) return leaveAlone(`${masked} disables the rules for drivers`);
  const devices = findWantedDevices(files, root, policy, readDriverAliases(files, root, policy));
  const pfs = findWantedPfs(files, root, policy);
  const explain = bindExplainer(files, root);
  if (dryRun) {
    const pending = devices.some(({ state }) => isPending(state)) || pfs.length > 0;
    const lines = devices.map((device) => describe(device, explain));
    print(invocation, io, policy, lines, pfs, dryRun);
    return pending ? exitStatus.changes : exitStatus.ok;
  }
  const load = root === '' ? modprobe(system.programs.run) : undefined;
  const report = applyBind(files, root, devices, pfs, load);
  const lines = report.results.map(({ device, changed, problem }): BindLine => {
    if (changed) return { device, message: `${device.name} got ${device.wantedDriver}`, isProblem: false };
    if (problem === undefined) return describe(device, explain);
    return {
      device,
      message: `${device.name} should have ${device.wantedDriver}: ${problem}`,
      isProblem: true,
    };
  });
  const done = report.pfs.filter(({ errno }) => errno === undefined).map(({ pf }) => pf);
  print(invocation, io, policy, lines, done, dryRun);
  for (const problem of report.problems) io.err(`vfio-names: ${problem}`);
  for (const { pf, errno } of report.pfs)
    if (errno !== undefined)
      io.err(`vfio-names: ${pf.name}: could not set sriov_drivers_autoprobe: ${explainErrno(errno)}`);
  return statusOf(report);
};

function statusOf({ results, pfs, problems }: BindReport): ExitStatus {
  const errnos = [...results, ...pfs].flatMap(({ errno }) => errno ?? []);
  if (errnos.some(isPermissionErrno)) return exitStatus.notPermitted;
  const failed =
    errnos.length > 0 || problems.length > 0 || results.some(({ problem }) => problem !== undefined);
  return failed ? exitStatus.findings : exitStatus.ok;
}

function describe(device: WantedDevice, explain: (device: WantedDevice) => BindExplanation): BindLine {
  return { device, ...explain(device), isProblem: device.state === 'held' };
}

function print(
  { json }: Invocation,
  io: Io,
  policy: Policy,
  lines: readonly BindLine[],
  pfs: readonly WantedPf[],
  dryRun: boolean,
): void {
  if (json) {
    io.out(
      jsonDocument({
        dryRun,
        devices: lines.map(({ device, message, remedy }) => ({
          bus: device.bus,
          name: device.name,
          syspath: device.syspath,
          driver: device.driver,
          wantedDriver: device.wantedDriver,
          bindState: device.state,
          source: device.rule.source,
          message,
          remedy,
        })),
        pfs: pfs.map(({ name }) => name),
      }),
    );
    return;
  }
  for (const { message, remedy, isProblem } of lines) {
    const line = printable(withHint({ message, hint: remedy }));
    if (isProblem) io.err(`vfio-names: ${line}`);
    else io.out(`${line}\n`);
  }
  for (const { name } of pfs)
    io.out(`${printable(name)}: no driver of the host ${dryRun ? 'would try' : 'tries'} its VFs\n`);
  if (lines.length > 0 || pfs.length > 0) return;
  io.out(
    policy.bindRules.length === 0
      ? 'the policy has no rules for drivers ([[bind]])\n'
      : 'no device here matches a rule for drivers\n',
  );
}

/**
 * Returns the file that disables the rules for drivers; `undefined` if they have an effect. Throws `not-installed` (status 1) if
 * they are not those of this policy: only `rules install` checks what the host does with a device.
 */
function checkInstalled(files: Files, root: Root, policy: Policy): string | undefined {
  const rules = findRules(files, root, bindRulesFileName);
  if (rules?.kind === 'masked') return rules.path;
  if (rules?.kind !== 'text' || readHeader(rules.text)?.policy !== policyId(policy))
    throw notInstalled(policy, rules);
  return undefined;
}

/** Whether this boot goes without the rules for drivers, as the rules of udev find out, too. */
function isTurnedOff(files: Files, root: Root): boolean {
  const text = tryOrUndefined(() => files.read(pathBelow(root, '/proc/cmdline'))) ?? '';
  return parameterValue(text, 'vfio_names.bind') === '0';
}

/**
 * The value of a parameter on the command line of the kernel as IMPORT{cmdline} of udev reads it: the last one, without quotes,
 * with `-` and `_` the same in the key (proc_cmdline_get_key in systemd's src/basic/proc-cmdline.c).
 */
function parameterValue(text: string, key: string): string | undefined {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words
    .flatMap((word) => {
      const [, found = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word.replace(/["']/g, '')) ?? [];
      return found.replaceAll('-', '_') === key ? [value] : [];
    })
    .at(-1);
}

function notInstalled({ bindRules }: Policy, rules: RulesFile | undefined): VfioNamesError {
  const changed =
    rules === undefined
      ? 'expected installed rules for drivers, found none'
      : 'the policy has changed since its rules for drivers were installed';
  return new VfioNamesError(
    'not-installed',
    exitStatus.findings,
    bindRules.length === 0 ? 'expected rules for drivers in the policy, found none' : changed,
    { hint: 'run vfio-names rules install, which checks what the host does with the devices' },
  );
}

function foreignTree(root: Root): VfioNamesError {
  const shown = printable(root);
  return new VfioNamesError(
    'usage',
    exitStatus.usage,
    `bind changes devices, expected this machine's own tree, found --root ${shown}`,
    { hint: `add --dry-run, or use --host-root ${shown} if /sys below it is this machine's` },
  );
}
