/** Splits arguments into options, operands and the arguments after `--`, as parseArgs of Node and getopt_long(3) do. */
import type { Option } from './command.ts';

export type Options = Readonly<Record<string, Option>>;

export interface ParsedOptions {
  /** By the long name; of an option that is given twice, the last value. */
  readonly values: Readonly<Record<string, string | boolean>>;
  /** Includes the arguments after `--`. */
  readonly operands: readonly string[];
  /** The arguments after `--`; absent without `--`. */
  readonly tail?: readonly string[];
}

export type OptionProblem =
  /** `arg` is the whole argument: for `-qx`, where only `-x` is unknown, `-qx`. */
  | { readonly problem: 'unknown'; readonly arg: string }
  /** `--json=yes`, where `--json` has no value. */
  | { readonly problem: 'unexpected-value'; readonly name: string }
  | { readonly problem: 'missing-value'; readonly name: string }
  /** `--root --json`: what follows looks like an option; `--root=--json` is accepted. */
  | { readonly problem: 'option-as-value'; readonly name: string; readonly value: string };

/** Returns the first problem in the order of the arguments, if there is one. */
export function splitArguments(args: readonly string[], options: Options): ParsedOptions | OptionProblem {
  const values: Record<string, string | boolean> = {};
  const operands: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--') {
      const tail = args.slice(index + 1);
      return { values, operands: [...operands, ...tail], tail };
    }
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg);
      continue;
    }
    for (const { name, value } of optionsIn(arg, options)) {
      const option = name === undefined || !Object.hasOwn(options, name) ? undefined : options[name];
      if (name === undefined || option === undefined) return { problem: 'unknown', arg };
      if (option.type === 'boolean') {
        if (value !== undefined) return { problem: 'unexpected-value', name };
        values[name] = true;
      } else if (value !== undefined) values[name] = value;
      else {
        const next = args[++index];
        if (next === undefined) return { problem: 'missing-value', name };
        if (next.length > 1 && next.startsWith('-')) return { problem: 'option-as-value', name, value: next };
        values[name] = next;
      }
    }
  }
  return { values, operands };
}

interface GivenOption {
  /** The long name; `undefined` for an unknown letter. */
  readonly name: string | undefined;
  /** The value in the same argument: `--name=value`, `-nvalue`. */
  readonly value?: string;
}

/** The options of one argument: one for `--name`, one or more for `-abc`. */
function optionsIn(arg: string, options: Options): GivenOption[] {
  if (arg.startsWith('--')) {
    const equals = arg.indexOf('=', 3);
    return equals < 0
      ? [{ name: arg.slice(2) }]
      : [{ name: arg.slice(2, equals), value: arg.slice(equals + 1) }];
  }
  const found: GivenOption[] = [];
  for (let at = 1; at < arg.length; at++) {
    const name = Object.keys(options).find((long) => options[long]?.short === arg[at]);
    const takesRest = name !== undefined && options[name]?.type === 'string' && at + 1 < arg.length;
    found.push({ name, ...(takesRest && { value: arg.slice(at + 1) }) });
    if (takesRest) break;
  }
  return found;
}

/** Whether an argument is one of these options: `--name`, `--name=value` or `-n`. */
export function isOption(arg: string, options: Options): boolean {
  const name = arg.replace(/^--/, '').replace(/=.*$/s, '');
  return Object.hasOwn(options, name) || Object.values(options).some((option) => arg === `-${option.short}`);
}
