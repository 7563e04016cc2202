/** Fake system calls on a table of nodes, each with its ioctls. */
import { CallError, type DeviceCalls, type NodeCalls } from '../../src/system/calls.ts';
import type { FileKind } from '../../src/system/files.ts';

export type FakeIoctl = (argument: Buffer, number: number) => number | undefined;

export interface FakeNode {
  readonly kind?: FileKind;
  readonly devnum?: string;
  /** The errno of open. */
  readonly openError?: string;
  /** By the name of the ioctl; an ioctl that is not in the table fails with ENOTTY. */
  readonly ioctls?: Readonly<Record<string, FakeIoctl>>;
}

export interface FakeCalls extends DeviceCalls {
  /** Every call in order: `open iommu`, `VFIO_DEVICE_GET_INFO`, `close`. */
  readonly log: readonly string[];
  /** The number of open descriptors. */
  readonly openCount: () => number;
}

/** Throws the error of a failed ioctl. */
export function fail(errno: string): never {
  throw new CallError('ioctl', errno);
}

export function fakeCalls(
  nodes: Readonly<Record<string, FakeNode>>,
  attributes: Readonly<Record<string, string>> = {},
): FakeCalls {
  const log: string[] = [];
  const open = new Map<number, FakeNode>();
  /** The descriptors of O_PATH, which are not in the log. */
  const held = new Set<number>();
  let next = 10;
  const nodeOf = (fd: number): FakeNode => open.get(fd) ?? fail('EBADF');
  const openNode = (node: FakeNode): number => {
    open.set(next, node);
    return next++;
  };
  return {
    log,
    openCount: () => open.size,
    hold: (step, path) => {
      const node = nodes[path];
      if (!node) throw new CallError(step, 'ENOENT');
      const fd = 1000 + held.size;
      held.add(fd);
      open.set(fd, node);
      return fd;
    },
    open: (step, fd) => {
      log.push(step);
      const node = nodeOf(fd);
      if (node.openError !== undefined) throw new CallError(step, node.openError);
      return openNode(node);
    },
    close: (fd) => {
      if (!held.has(fd)) log.push('close');
      open.delete(fd);
    },
    status: (_step, fd) => {
      const { kind = 'char', devnum } = nodeOf(fd);
      return { kind, ...(devnum !== undefined && { devnum }) };
    },
    read: (step, path) => {
      const text = attributes[path];
      if (text === undefined) throw new CallError(step, 'ENOENT');
      return text;
    },
    ioctl: (fd, ioctl, argument = 0) => {
      log.push(ioctl.name);
      const fn = nodeOf(fd).ioctls?.[ioctl.name] ?? (() => fail('ENOTTY'));
      try {
        const bytes =
          typeof argument === 'number'
            ? Buffer.alloc(0)
            : Buffer.from(argument.buffer, argument.byteOffset, argument.length);
        const result = fn(bytes, typeof argument === 'number' ? argument : 0) ?? 0;
        // VFIO_GROUP_GET_DEVICE_FD returns a new descriptor, of the node `device` in the table.
        return ioctl.name === 'VFIO_GROUP_GET_DEVICE_FD' ? openNode(nodes['device'] ?? {}) : result;
      } catch (error) {
        if (error instanceof CallError) throw new CallError(ioctl.name, error.code);
        throw error;
      }
    },
    address: () => 0x1234_5678_9abcn,
  };
}

/** The same calls as `exec` makes them. */
export function fakeNodeCalls(calls: FakeCalls): NodeCalls {
  return { ...calls, open: async (step, held) => calls.open(step, held) };
}
