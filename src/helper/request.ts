/** What udev, mdev or a person asks vfio_id for: arguments first, then the environment. Pure. */

/** The variables of udev, mdev and mdevd that tell the device and what became of it; no other is read. */
export const environment = ['DEVPATH', 'DEVNAME', 'MDEV', 'ACTION'] as const;

export interface Words {
  readonly argv: readonly string[];
  readonly env: Readonly<Partial<Record<(typeof environment)[number], string | undefined>>>;
}

/** A name that a rule asks for after --link. */
export interface AskedLink {
  /** The number of its property, as written. */
  readonly number: string;
  /** See rules/request.ts. */
  readonly text: string;
  /** That of the rule; 0 where it has none. */
  readonly priority: number;
}

export type Request =
  | {
      readonly kind: 'export';
      readonly devpath: string;
      /** Facts to print; all that are cheap without it. */
      readonly facts?: readonly string[];
      readonly links: readonly AskedLink[];
    }
  | {
      readonly kind: 'link';
      readonly action: 'add' | 'remove';
      readonly sysname: string;
      readonly links: readonly AskedLink[];
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string };

export const usage = `Usage: vfio_id [--export] [--facts=LIST] [--link N=TEXT]... [DEVPATH]
       vfio_id link add|remove [--link N[:PRIORITY]=TEXT]... [DEVPATH]
`;

interface Options {
  readonly operands: readonly string[];
  readonly facts?: readonly string[];
  readonly links: readonly AskedLink[];
}

/**
 * Reads the command line. Without DEVPATH the environment of udev, mdev or mdevd tells the device: DEVPATH, else DEVNAME
 * or MDEV (`mdev -s` gives nothing but MDEV).
 */
export function readWords({ argv, env }: Words): Request {
  const options = readOptions(argv);
  if ('kind' in options) return options;
  return options.operands[0] === 'link' ? linkRequest(options, env) : exportRequest(options, env);
}

function readOptions(argv: readonly string[]): Options | Request {
  const links = new Map<string, AskedLink>();
  const operands: string[] = [];
  let facts: readonly string[] | undefined;
  for (let index = 0; index < argv.length; index++) {
    const [word, ...rest] = splitOption(argv[index] ?? '');
    const value = (): string => rest[0] ?? argv[++index] ?? '';
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--version') return { kind: 'version' };
    if (word === '--export' || word === '-x') continue;
    if (word === '--facts')
      facts = value()
        .split(',')
        .filter((fact) => fact !== '');
    else if (word === '--link') {
      const link = /^([1-9]\d{0,3})(?::(-?\d{1,9}))?=(.+)$/s.exec(value());
      if (!link) return wrong('expected N=TEXT after --link; see vfio_id --help');
      const [, number = '', priority = '0', text = ''] = link;
      links.set(number, { number, text, priority: Number(priority) });
    } else if (word.startsWith('-'))
      return wrong(`expected an option, found ${quoted(word)}; see vfio_id --help`);
    else operands.push(word);
  }
  return { operands, ...(facts && { facts }), links: [...links.values()] };
}

/** `--facts=LIST` in its two parts; any other word is one. */
function splitOption(word: string): readonly [string, ...string[]] {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function exportRequest({ operands, facts, links }: Options, env: Words['env']): Request {
  const [given, more] = operands;
  const devpath = given || wellFormed(env.DEVPATH);
  if (more !== undefined) return wrong(`expected one DEVPATH, found ${quoted(more)} too`);
  if (devpath === '')
    return wrong('expected a DEVPATH as argument or in the environment, found none; see vfio_id --help');
  return { kind: 'export', devpath, ...(facts && { facts }), links };
}

const actions: ReadonlyMap<string, 'add' | 'remove'> = new Map([
  ['add', 'add'],
  ['change', 'add'],
  ['bind', 'add'],
  ['move', 'add'],
  ['online', 'add'],
  ['remove', 'remove'],
  ['unbind', 'remove'],
  ['offline', 'remove'],
]);

function linkRequest({ operands, links }: Options, env: Words['env']): Request {
  const [, given, devpath, more] = operands;
  if (more !== undefined) return wrong(`expected one DEVPATH, found ${quoted(more)} too`);
  // mdev -s runs commands without ACTION: what it finds is there.
  const asked = given || wellFormed(env.ACTION) || 'add';
  const action = actions.get(asked);
  if (action === undefined) return wrong(`expected link add or link remove, found ${quoted(asked)}`);
  const named = devpath || [env.DEVPATH, env.DEVNAME, env.MDEV].map(wellFormed).find((one) => one !== '');
  if (named === undefined) return wrong('expected DEVPATH, DEVNAME or MDEV in the environment, found none');
  const sysname = named.slice(named.lastIndexOf('/') + 1);
  if (!/^(noiommu-)?vfio\d{1,10}$/.test(sysname))
    return wrong(`expected the path of a vfioN, found ${quoted(named)}`);
  return { kind: 'link', action, sysname, links };
}

/** What is no UTF-8 looks different to each engine; no device has such a name. */
function wellFormed(text: string | undefined): string {
  return (text ?? '').replace(/[\ud800-\udfff\ufffd]+/g, '\ufffd');
}

function wrong(message: string): Request {
  return { kind: 'wrong', message };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(/[\u007f-\uffff]/g, '?');
}
