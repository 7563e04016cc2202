/** Client of native-loop.ts, which runs vfio_id in QuickJS for many calls in one process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Result } from '../support/programs.ts';

const program = join(import.meta.dirname, '../../dist/native/vfio_id-loop');

export interface VfioIdCall {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly root: string;
}

export interface NativeLoop {
  /** Returns the results in the order of the calls; throws if the process ended. */
  run(questions: readonly VfioIdCall[]): Promise<Result[]>;
  end(): void;
}

/** Starts the process; `undefined` if it is not built (npm run build:native -- --chroot --loop). */
export function startLoop(): NativeLoop | undefined {
  if (!existsSync(program)) return undefined;
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(questions) {
      for (const question of questions) child.stdin.write(`${JSON.stringify(question)}\n`);
      const results: Result[] = [];
      for (const question of questions) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`vfio_id-loop ended at ${JSON.stringify(question)}`);
        results.push(JSON.parse(value) as Result);
      }
      return results;
    },
    end: () => child.stdin.end(),
  };
}
