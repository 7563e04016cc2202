/** The machine that the texts describe, and functions that run a command line on it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ExecutionContext } from 'ava';
import { parseCommandLine } from '../../src/cli/args.ts';
import type { Io } from '../../src/cli/command.ts';
import { run as runExecCommand } from '../../src/cli/commands/exec.ts';
import { run as runProbeCommand } from '../../src/cli/commands/probe.ts';
import { commands, commonOptions } from '../../src/cli/commands.ts';
import { runProbe } from '../../src/probe/worker.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { fakeCalls, fakeNodeCalls } from '../support/fake-calls.ts';
import { Executed, fakeExec } from '../support/fake-exec.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../support/fake-root.ts';
import { fakeIommu, fakeVfio } from '../support/fake-vfio.ts';
import { testSystem } from '../support/system.ts';
import { projectText } from './lines.ts';

export const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

/** As in the texts, 0000:01:00.0 is vfio3 and 247:3 behind a bridge; the other devices are a PCI function and an mdev. */
export function machine(t: ExecutionContext): FakeRoot {
  const root = fakeRoot(t);
  const gpu = { vendor: '0x10de', device: '0x2204', class: '0x030000' };
  const nic = { vendor: '0x1af4', device: '0x1041', class: '0x020000' };
  root.add({ name: '0000:00:04.0', sysname: 'vfio1', driver: 'vfio-pci', group: '13', attributes: nic });
  root.add({
    name: '0000:01:00.0',
    sysname: 'vfio3',
    parent: '/sys/devices/pci0000:00/0000:00:06.0',
    driver: 'vfio-pci',
    group: '14',
    attributes: gpu,
  });
  root.add({ bus: 'mdev', name: uuid, sysname: 'vfio7', driver: 'nvidia-vgpu-vfio' });
  root.write('/sys/class/misc/iommu/dev', '10:125\n');
  root.node('/dev/iommu', '10:125');
  root.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nqemu:x:107:36::/:/bin/false\n');
  root.write('/etc/group', 'root:x:0:\nkvm:x:36:\n');
  root.write('/proc/1/comm', 'systemd\n');
  return root;
}

/** The same machine with udev and its rules, which have created the links, and with a virtual machine that uses the GPU. */
export async function host(t: ExecutionContext): Promise<FakeRoot> {
  const root = machine(t);
  await runOn(root, 'vfio-names sync');
  root.write('/etc/os-release', 'PRETTY_NAME="Ubuntu 24.04 LTS"\n');
  root.write('/proc/sys/kernel/osrelease', '6.8.0\n');
  root.write('/proc/cpuinfo', 'vendor_id\t: GenuineIntel\n');
  root.write('/proc/net/unix', '0: 00000002 00000000 00010000 0005 01 1 /run/udev/control\n');
  root.write('/usr/lib/udev/rules.d/70-vfio-names.rules', projectText('rules/70-vfio-names.rules'));
  for (const [link, target] of Object.entries(root.links()))
    root.write(`/run/udev/data/c247:${target.replace(/\D*/, '')}`, `S:vfio/${link}\n`);
  root.write('/proc/4711/comm', 'qemu-system-x86\n');
  root.write('/proc/4711/status', 'Name:\tqemu-system-x86\nUid:\t107\t107\t107\t107\n');
  root.write('/proc/4711/cgroup', '0::/machine.slice/vm.service\n');
  root.write('/proc/4711/fdinfo/9', 'pos:\t0\nflags:\t02\n');
  root.linkWithTarget('/proc/4711/fd/9', root.at('/dev/vfio/devices/vfio3'));
  return root;
}

/** The arguments after `vfio-names` in `line`, with NAME, CMD and file paths replaced by those of this machine. */
export function argsOn(root: FakeRoot, line: string): string[] {
  const [, command = ''] = /(?:^|[ (])vfio-names\b([^|>)]*)/.exec(line) ?? [];
  const words = command.trim() === '' ? [] : command.trim().split(/\s+/);
  const localPath = (word: string): string => {
    if (word === '/mnt/image') return root.dir;
    if (!/^(?:\/(?!dev\/|sys\/|usr\/bin\/)|\.\/\d)/.test(word)) return word;
    mkdirSync(dirname(root.at(word)), { recursive: true });
    return root.at(word);
  };
  const args = words
    .map(localPath)
    .map((word) => (word === 'NAME' ? '01:00.0' : word === 'CMD' ? 'true' : word));
  const end = args.indexOf('--');
  const rooted = args.includes('--root') ? [] : ['--host-root', root.dir];
  return end < 0 ? [...args, ...rooted] : [...args.slice(0, end), ...rooted, ...args.slice(end)];
}

function invocationOf(words: readonly string[]) {
  const parsed = parseCommandLine(words, commands, commonOptions, { env: {}, stdoutIsTty: false });
  if (parsed.kind !== 'run') throw new Error(`${words.join(' ')} runs nothing`);
  return parsed.invocation;
}

/** Runs `vfio-names exec` in a fake process and returns CMD as it was executed. */
export async function runExec(root: FakeRoot, line: string): Promise<Executed> {
  const nodes = fakeCalls({
    [root.at('/dev/vfio/devices/vfio3')]: { devnum: '247:3' },
    [root.at('/dev/iommu')]: { devnum: '10:125' },
    [root.at('/dev/vfio/14')]: { devnum: '243:14' },
    [root.at('/dev/vfio/vfio')]: { devnum: '10:196' },
  });
  const { calls, files, state } = fakeExec({
    execute: (path, args, environment) => {
      throw new Executed(path, args, environment, {});
    },
  });
  const system = testSystem({
    files,
    nodes: fakeNodeCalls(nodes),
    process: { loadExecCalls: async () => calls, startingOpenFilesLimit: () => state.limits[0] },
  });
  try {
    const status = await runExecCommand(invocationOf(argsOn(root, line)), quiet, system);
    throw new Error(`exec ended with ${status}`);
  } catch (error) {
    if (error instanceof Executed) return error;
    throw error;
  }
}

const quiet = { out: () => {}, err: () => {}, stdoutIsTty: false, stdinIsTty: false };

/** Runs `vfio-names probe` on fake devices that respond as PCI functions. */
export async function runProbes(root: FakeRoot, line: string): Promise<CliResult> {
  const at = (sysname: string): string => root.at(`/dev/vfio/devices/${sysname}`);
  const nodes = {
    ...Object.fromEntries(
      ['vfio1', 'vfio3', 'vfio7'].map((sysname) => [
        at(sysname),
        fakeVfio({ devnum: sysname.replace('vfio', '247:') }),
      ]),
    ),
    [root.at('/dev/iommu')]: fakeIommu,
  };
  let out = '';
  const err: string[] = [];
  const system = testSystem({
    process: { ask: () => 'n' },
    programs: {
      startWorker: () => ({
        request: async (request) => {
          const copy = JSON.parse(JSON.stringify(request));
          const attribute = copy.devAttribute ?? '';
          const text = attribute === '' ? '' : fakeFiles.read(attribute);
          const answer = runProbe(fakeCalls(nodes, { [attribute]: text }), copy);
          return { kind: 'answer', value: JSON.parse(JSON.stringify(answer)) };
        },
        close: () => {},
      }),
    },
  });
  const io: Io = {
    ...quiet,
    out: (text) => {
      out += text;
    },
    err: (text) => err.push(text),
  };
  const status = await runProbeCommand(invocationOf(argsOn(root, line)), io, system);
  return { status, out, err };
}

/** Runs any other command. */
export function runOn(root: FakeRoot, line: string): Promise<CliResult> {
  return runCli(argsOn(root, line));
}
