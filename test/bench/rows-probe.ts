/**
 * Compares 1,000 probes without --bind in one process with a C program that makes the same calls. The node is /dev/random,
 * which returns EINVAL for an unknown ioctl (drivers/char/random.c), as a VFIO device does before it is bound to an iommufd.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { BenchContext } from './workshop.ts';

const PROBE_COUNT = 1000;

export async function measureProbe(table: Table, shop: BenchContext): Promise<void> {
  const tree = join(shop.tempDir, 'probe-tree');
  mkdirSync(tree);
  const attribute = join(tree, 'dev');
  writeFileSync(attribute, '1:8\n');
  const request = JSON.stringify({
    depth: 'open',
    name: 'random',
    node: '/dev/random',
    devnum: '1:8',
    devAttribute: attribute,
    iommu: '',
    container: '',
    attach: false,
  });
  const ours = startPeer([process.execPath, join(shop.dist, 'probe-worker.cjs')], request);
  const inC = startPeer([shop.compile('probe')], `/dev/random ${attribute}`);
  await table.compare(`probe, ${PROBE_COUNT} in a process`, ours.measure, 'C, the same calls', inC.measure);
  await ours.end();
  await inC.end();
}

interface Peer {
  /** Sends all requests; returns the milliseconds from the first request to the last answer. */
  readonly measure: () => Promise<number>;
  readonly end: () => Promise<void>;
}

function startPeer([program, ...args]: CommandLine, request: string): Peer {
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.stdin || !child.stdout) throw new Error(`${program} has no pipes`);
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout });
  let onLine: (line: string) => void = () => {};
  lines.on('line', (line) => onLine(line));
  return {
    measure: () =>
      new Promise((resolve, reject) => {
        let answers = 0;
        const start = process.hrtime.bigint();
        onLine = (line) => {
          if (!line.startsWith('answer ')) return;
          if (line !== 'answer {"openable":true}') reject(new Error(`${program}: ${line}`));
          if (++answers === PROBE_COUNT) resolve(Number(process.hrtime.bigint() - start) / 1e6);
        };
        stdin.write(`${request}\n`.repeat(PROBE_COUNT));
      }),
    end: async () => {
      stdin.end();
      await once(child, 'close');
    },
  };
}
