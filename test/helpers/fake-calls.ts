/** System calls on devices that are not there: a table of nodes, each with its ioctls. */
import { CallError, type Calls } from '../../src/system/calls.ts';
import type { Kind } from '../../src/system/files.ts';

export type FakeIoctl = (argument: Buffer, number: number) => number | undefined;

export interface FakeNode {
  readonly kind?: Kind;
  readonly devnum?: string;
  /** The errno of open. */
  readonly refuses?: string;
  /** By the name of the ioctl; one that is not there gives ENOTTY. */
  readonly ioctls?: Readonly<Record<string, FakeIoctl>>;
}

export interface FakeCalls extends Calls {
  /** Every call in order: `open iommu`, `VFIO_DEVICE_GET_INFO`, `close`. */
  readonly log: readonly string[];
  /** How many descriptors are open. */
  readonly opened: () => number;
}

/** Throws what an ioctl throws. */
export function fail(errno: string): never {
  throw new CallError('ioctl', errno);
}

export function fakeCalls(
  nodes: Readonly<Record<string, FakeNode>>,
  attributes: Readonly<Record<string, string>> = {},
): FakeCalls {
  const log: string[] = [];
  const open = new Map<number, FakeNode>();
  let next = 10;
  const behind = (fd: number): FakeNode => open.get(fd) ?? fail('EBADF');
  const take = (node: FakeNode): number => {
    open.set(next, node);
    return next++;
  };
  return {
    log,
    opened: () => open.size,
    open: (step, path) => {
      log.push(step);
      const node = nodes[path];
      if (!node) throw new CallError(step, 'ENOENT');
      if (node.refuses !== undefined) throw new CallError(step, node.refuses);
      return take(node);
    },
    close: (fd) => {
      log.push('close');
      open.delete(fd);
    },
    status: (_step, fd) => {
      const { kind = 'char', devnum } = behind(fd);
      return { kind, ...(devnum !== undefined && { devnum }) };
    },
    read: (step, path) => {
      const text = attributes[path];
      if (text === undefined) throw new CallError(step, 'ENOENT');
      return text;
    },
    ioctl: (fd, ioctl, argument = 0) => {
      log.push(ioctl.name);
      const act = behind(fd).ioctls?.[ioctl.name] ?? (() => fail('ENOTTY'));
      try {
        const bytes = typeof argument === 'number' ? Buffer.alloc(0) : (argument as Buffer);
        const result = act(bytes, typeof argument === 'number' ? argument : 0) ?? 0;
        // A new descriptor, as of VFIO_GROUP_GET_DEVICE_FD: the table's node `device`.
        return ioctl.name === 'VFIO_GROUP_GET_DEVICE_FD' ? take(nodes['device'] ?? {}) : result;
      } catch (error) {
        if (error instanceof CallError) throw new CallError(ioctl.name, error.code);
        throw error;
      }
    },
    address: () => 0x1234_5678_9abcn,
  };
}
