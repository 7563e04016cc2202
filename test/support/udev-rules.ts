/** A small interpreter of udev rules: the keys that our rules for drivers use, on one device in memory. */
import { globMatches } from '../../src/policy/glob.ts';

/** The device of an event: its directory without /sys, its files, and files elsewhere that exist. */
export interface UdevDevice {
  readonly subsystem: string;
  readonly kernel: string;
  readonly devpath: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Links and directories in the directory of the device, and absolute paths. */
  readonly exists?: readonly string[];
  /** Properties of the event, such as SYNTH_UUID. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Words of the kernel's command line. */
  readonly commandLine?: Readonly<Record<string, string>>;
}

export interface UdevResult {
  /** Each `ATTR{x}=` in order. */
  readonly written: readonly (readonly [attribute: string, value: string])[];
  readonly run: readonly string[];
}

/** Returns the lines that udev reads for an event, in order, as far as runUdevRules() knows their keys. */
export function linesRead(text: string, action: string, device: UdevDevice): readonly string[] {
  return interpret(text, action, device).read;
}

/** Interprets the text of a rules file for an event. Throws for a key that it does not know. */
export function runUdevRules(text: string, action: string, device: UdevDevice): UdevResult {
  const { written, run } = interpret(text, action, device);
  return { written, run };
}

function interpret(
  text: string,
  action: string,
  device: UdevDevice,
): UdevResult & { readonly read: readonly string[] } {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const written: [string, string][] = [];
  const run: string[] = [];
  const read: string[] = [];
  const substitute = (value: string): string =>
    value.replaceAll('$kernel', device.kernel).replaceAll('$env{SUBSYSTEM}', device.subsystem);
  const alternatives = (patterns: string, value: string): boolean =>
    patterns.split('|').some((pattern) => globMatches(pattern, value));
  const imported: Record<string, string> = { ...device.properties };
  for (let index = 0; index < lines.length; index++) {
    let target: string | undefined;
    read.push(lines[index] ?? '');
    for (const [, key = '', operator = '', value = ''] of (lines[index] ?? '').matchAll(
      /([A-Z]+(?:\{[^}]*\})?(?:[a-z_]+\})?)(==|!=|\+=|=)"([^"]*)"/g,
    )) {
      if (key === 'IMPORT{cmdline}') {
        const word = device.commandLine?.[value];
        if (word === undefined) break;
        imported[value] = word;
        continue;
      }
      const property = /^ENV\{(.*)\}$/.exec(key)?.[1];
      const attribute = /^ATTR\{(.*)\}$/.exec(key)?.[1];
      if (operator === '==' || operator === '!=') {
        let isMatch: boolean | undefined;
        if (key === 'ACTION') isMatch = alternatives(value, action);
        else if (key === 'SUBSYSTEM') isMatch = alternatives(value, device.subsystem);
        else if (key === 'KERNEL') isMatch = alternatives(value, device.kernel);
        else if (key === 'DEVPATH') isMatch = alternatives(value, device.devpath);
        else if (property !== undefined) isMatch = alternatives(value, imported[property] ?? '');
        else if (key === 'TEST')
          isMatch =
            device.attributes[value] !== undefined || device.exists?.includes(substitute(value)) === true;
        else if (attribute !== undefined) {
          const found = device.attributes[attribute];
          // Without the attribute, neither operator matches (attr_match in udev-rules.c).
          if (found === undefined) isMatch = operator === '!=';
          else isMatch = alternatives(value, found);
        }
        if (isMatch === undefined) throw new Error(`unknown key ${key}`);
        if (isMatch !== (operator === '==')) break;
      } else if (key === 'GOTO') target = value;
      else if (attribute !== undefined) written.push([attribute, substitute(value)]);
      else if (key === 'RUN{builtin}') run.push(value);
      else if (key !== 'LABEL') throw new Error(`unknown key ${key}`);
    }
    if (target !== undefined) {
      index = lines.indexOf(`LABEL="${target}"`);
      if (index < 0) throw new Error(`no label ${target}`);
    }
  }
  return { written, run, read };
}
