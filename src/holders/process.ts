/** Reads command, user, unit and container of a process. */

import { readAccounts } from '../devices/accounts.ts';
import { tryOrUndefined } from '../errors.ts';
import type { Files } from '../system/files.ts';
import { pathBelow, type Root } from '../system/root-path.ts';
import type { Container, Holder } from './types.ts';

interface CgroupInfo {
  readonly unit?: string;
  readonly container?: Container;
}

const id = '[0-9a-f]{12,64}';

/** The names that runtimes give to the cgroup of a container, with the systemd and with the cgroupfs driver. */
const runtimes: readonly (readonly [runtime: string, pattern: RegExp])[] = [
  ['docker', new RegExp(`^docker-(${id})\\.scope$`)],
  ['podman', new RegExp(`^libpod-(?:payload-)?(${id})(?:\\.scope)?$`)],
  ['containerd', new RegExp(`^cri-containerd-(${id})\\.scope$`)],
  ['cri-o', new RegExp(`^crio-(${id})(?:\\.scope)?$`)],
  ['lxc', /^lxc\.payload\.(.+)$/],
];

/** With the cgroupfs driver of these runtimes, the parent directory identifies the runtime. */
const parents: ReadonlyMap<string, string> = new Map([
  ['docker', 'docker'],
  ['lxc', 'lxc'],
  ['libpod_parent', 'podman'],
]);

/**
 * Parses the text of /proc/PID/cgroup (cgroups(7)). Uses the unified line `0::/path`, on version 1 the line of
 * systemd's hierarchy, else the longest path. Names are not unescaped: systemd's `\x2d` is part of a unit's name.
 */
export function parseCgroup(text: string): CgroupInfo {
  const parts = cgroupPath(text)
    .split('/')
    .filter((part) => part !== '');
  const unit = parts.findLast((part) => /.\.(?:service|scope)$/.test(part));
  const container = containerOf(parts);
  return { ...(unit !== undefined && { unit }), ...(container && { container }) };
}

function cgroupPath(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ controllers: match[1] ?? '', path: match[2] ?? '' }));
  const unified = lines.find((line) => line.controllers === '' && line.path !== '/');
  const named = lines.find((line) => line.controllers === 'name=systemd' && line.path !== '/');
  const longest = lines.toSorted((a, b) => b.path.length - a.path.length)[0];
  return (unified ?? named ?? longest)?.path ?? '';
}

function containerOf(parts: readonly string[]): Container | undefined {
  const pod = podOf(parts);
  for (let index = parts.length - 1; index >= 0; index--) {
    const found = runtimeOf(parts[index] ?? '', parts[index - 1] ?? '', pod !== undefined);
    if (found) return { ...found, ...(pod !== undefined && { pod }) };
  }
  return undefined;
}

function runtimeOf(part: string, parent: string, inPod: boolean): Container | undefined {
  for (const [runtime, pattern] of runtimes) {
    const found = pattern.exec(part)?.[1];
    if (found !== undefined) return { runtime, id: found };
  }
  const runtime = parents.get(parent);
  if (runtime === 'lxc') return { runtime, id: part };
  if (!new RegExp(`^${id}$`).test(part)) return undefined;
  if (runtime !== undefined) return { runtime, id: part };
  return inPod ? { runtime: 'kubernetes', id: part } : undefined;
}

/** The UID of the pod: `pod<uid>` with the cgroupfs driver, `kubepods-burstable-pod<uid with _>.slice` with systemd. */
function podOf(parts: readonly string[]): string | undefined {
  for (const part of parts) {
    const uid = /^(?:kubepods.*-)?pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?:\.slice)?$/.exec(
      part,
    )?.[1];
    if (uid !== undefined) return uid.replaceAll('_', '-');
  }
  return undefined;
}

export type ProcessOwner = Pick<Holder, 'command' | 'uid' | 'user' | 'unit' | 'container'>;

/**
 * Reads the owner of a process from /proc. Omits values that cannot be read, because the process ended or is hidden.
 */
export function readOwner(files: Files, root: Root, pid: number, users: () => Users): ProcessOwner {
  const text = (name: string) => tryOrUndefined(() => files.read(pathBelow(root, `/proc/${pid}/${name}`)));
  const command = text('comm')?.replace(/\n$/, '');
  // The owner of /proc/PID would be root for a process that is not dumpable (proc_pid(5)).
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text('status') ?? '')?.[1];
  const user = uid === undefined ? undefined : users().get(Number(uid));
  return {
    ...(command !== undefined && { command }),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(user !== undefined && { user }),
    ...parseCgroup(text('cgroup') ?? ''),
  };
}

export type Users = ReadonlyMap<number, string>;

/**
 * Returns the user names of /etc/passwd below the root by uid; empty if it cannot be read. The first name of a uid
 * counts, like in getpwuid(3).
 */
export function readUsers(files: Files, root: Root): Users {
  const users = new Map<number, string>();
  for (const [name, uid] of tryOrUndefined(() => readAccounts(files, root).users) ?? [])
    if (!users.has(uid)) users.set(uid, name);
  return users;
}
