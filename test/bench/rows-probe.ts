/**
 * The harmless probe, 1,000 in one process, beside a C program with the same calls. The nodes are those of /dev/random,
 * which answers an ioctl that it does not know with EINVAL, as an unbound VFIO device does (drivers/char/random.c).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CommandLine } from './measure.ts';
import type { Table } from './table.ts';
import type { Workshop } from './workshop.ts';

const probes = 1000;

export async function measureProbe(table: Table, shop: Workshop): Promise<void> {
  const tree = join(shop.work, 'probe-tree');
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
  const ours = startAnswerer([process.execPath, join(shop.dist, 'caller.cjs')], request);
  const inC = startAnswerer([shop.compile('probe')], `/dev/random ${attribute}`);
  await table.compare(`probe, ${probes} in a process`, ours.ask, 'C, the same calls', inC.ask);
  await ours.end();
  await inC.end();
}

interface Answerer {
  /** Asks a thousand times; milliseconds from the first question to the last answer. */
  readonly ask: () => Promise<number>;
  readonly end: () => Promise<void>;
}

function startAnswerer([program, ...words]: CommandLine, question: string): Answerer {
  const child: ChildProcess = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.stdin || !child.stdout) throw new Error(`${program} has no pipes`);
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout });
  let hear: (line: string) => void = () => {};
  lines.on('line', (line) => hear(line));
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        let answers = 0;
        const start = process.hrtime.bigint();
        hear = (line) => {
          if (!line.startsWith('answer ')) return;
          if (line !== 'answer {"openable":true}') reject(new Error(`${program}: ${line}`));
          if (++answers === probes) resolve(Number(process.hrtime.bigint() - start) / 1e6);
        };
        stdin.write(`${question}\n`.repeat(probes));
      }),
    end: async () => {
      stdin.end();
      await once(child, 'close');
    },
  };
}
