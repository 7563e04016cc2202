/** Parses the arguments of vfio_id and the environment that udev, mdev or mdevd sets. */

/** The variables of udev, mdev and mdevd that vfio_id reads: the device and the action. */
export const environmentVariables = ['DEVPATH', 'DEVNAME', 'MDEV', 'ACTION'] as const;

export interface VfioIdArgs {
  readonly argv: readonly string[];
  readonly env: Readonly<Partial<Record<(typeof environmentVariables)[number], string | undefined>>>;
}

/** A link that a rule requests with --link. */
export interface LinkSpec {
  /** The number of its property, as given. */
  readonly number: string;
  /** The template of the link; as formatRequest() in vfio-id/link-spec prints it. */
  readonly text: string;
  /** The priority of the rule; 0 if it has none. */
  readonly priority: number;
}

export type Request =
  | {
      readonly kind: 'export';
      readonly devpath: string;
      /** The facts to print; without it, the default facts. */
      readonly facts?: readonly string[];
      readonly links: readonly LinkSpec[];
      /** Whether the event announces a new device. */
      readonly isNew: boolean;
    }
  | {
      readonly kind: 'link';
      readonly action: 'add' | 'remove';
      readonly sysname: string;
      readonly links: readonly LinkSpec[];
    }
  | {
      readonly kind: 'group';
      /** `names` prints the links of a group's members, `announce` has udev run its rules for it again, `link` makes them. */
      readonly action: 'names' | 'announce' | 'link';
      /** The node of the group, `14`; for `announce` the DEVPATH of a VFIO device, or BUS/NAME of a device that is gone. */
      readonly subject: string;
      /** Whether only groups have names whose devices have no nodes. */
      readonly auto: boolean;
      /** Whether to announce a group that has names, too: they may have changed. */
      readonly always: boolean;
      readonly links: readonly LinkSpec[];
      /** Access rules of the policy, each with its match, in their order. */
      readonly access: readonly string[];
      /** From 0; the calls after the first one of an event print the other names of a policy, whose options fill several lines. */
      readonly part: number;
      readonly isNew: boolean;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly message: string };

export const usage = `Usage: vfio_id [--export] [--facts=LIST] [--link N=TEXT]... [DEVPATH]
       vfio_id link add|remove [--link N[:PRIORITY]=TEXT]... [DEVPATH]
       vfio_id group names|announce|link [--auto] [--always] [--more=N] [--access=TEXT]... [--link N[:PRIORITY]=TEXT]... [GROUP|DEVPATH|BUS/NAME]
`;

interface Options {
  readonly operands: readonly string[];
  readonly facts?: readonly string[];
  readonly links: readonly LinkSpec[];
  readonly auto: boolean;
  readonly always: boolean;
  readonly access: readonly string[];
  readonly part: number;
}

/**
 * Parses the command line. Without a DEVPATH argument, the device comes from the environment: DEVPATH, else DEVNAME or
 * MDEV (`mdev -s` sets only MDEV). Never throws; an error is a request of the kind `error`.
 */
export function parseArgs({ argv, env }: VfioIdArgs): Request {
  const options = readOptions(argv);
  if ('kind' in options) return options;
  if (options.operands[0] === 'group') return groupRequest(options, env);
  return options.operands[0] === 'link' ? linkRequest(options, env) : exportRequest(options, env);
}

function readOptions(argv: readonly string[]): Options | Request {
  const links = new Map<string, LinkSpec>();
  const operands: string[] = [];
  let facts: readonly string[] | undefined;
  let auto = false;
  let always = false;
  const access: string[] = [];
  let part = 0;
  for (let index = 0; index < argv.length; index++) {
    const [arg, ...rest] = splitOption(argv[index] ?? '');
    const value = (): string => rest[0] ?? argv[++index] ?? '';
    if (arg === '--help' || arg === '-h') return { kind: 'help' };
    if (arg === '--version') return { kind: 'version' };
    if (arg === '--export' || arg === '-x') continue;
    if (arg === '--auto') auto = true;
    else if (arg === '--always') always = true;
    else if (arg === '--access') access.push(value());
    else if (arg === '--more') {
      const number = value();
      if (!/^[1-9]\d{0,2}$/.test(number)) return wrong('expected a number after --more; see vfio_id --help');
      part = Number(number);
    } else if (arg === '--facts')
      facts = value()
        .split(',')
        .filter((fact) => fact !== '');
    else if (arg === '--link') {
      const link = /^([1-9]\d{0,3})(?::(-?\d{1,9}))?=(.+)$/s.exec(value());
      if (!link) return wrong('expected N=TEXT after --link; see vfio_id --help');
      const [, number = '', priority = '0', text = ''] = link;
      links.set(number, { number, text, priority: Number(priority) });
    } else if (arg.startsWith('-'))
      return wrong(`expected an option, found ${quoted(arg)}; see vfio_id --help`);
    else operands.push(arg);
  }
  return { operands, ...(facts && { facts }), links: [...links.values()], auto, always, access, part };
}

/** Splits `--facts=LIST` at the equals sign; any other argument has one part. */
function splitOption(arg: string): readonly [string, ...string[]] {
  const equals = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return equals < 0 ? [arg] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

function exportRequest({ operands, facts, links }: Options, env: VfioIdArgs['env']): Request {
  const [given, extra] = operands;
  const devpath = given || wellFormed(env.DEVPATH);
  if (extra !== undefined) return wrong(`expected one DEVPATH, found ${quoted(extra)} too`);
  if (devpath === '')
    return wrong('expected a DEVPATH as argument or in the environment, found none; see vfio_id --help');
  return { kind: 'export', devpath, ...(facts && { facts }), links, isNew: env.ACTION === 'add' };
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

function linkRequest({ operands, links }: Options, env: VfioIdArgs['env']): Request {
  const [, given, devpath, extra] = operands;
  if (extra !== undefined) return wrong(`expected one DEVPATH, found ${quoted(extra)} too`);
  // mdev -s runs commands without ACTION, for devices that exist.
  const name = given || wellFormed(env.ACTION) || 'add';
  const action = actions.get(name);
  if (action === undefined) return wrong(`expected link add or link remove, found ${quoted(name)}`);
  const path = devpath || [env.DEVPATH, env.DEVNAME, env.MDEV].map(wellFormed).find((value) => value !== '');
  if (path === undefined) return wrong('expected DEVPATH, DEVNAME or MDEV in the environment, found none');
  const sysname = path.slice(path.lastIndexOf('/') + 1);
  if (!/^(noiommu-)?vfio\d{1,10}$/.test(sysname))
    return wrong(`expected the path of a vfioN, found ${quoted(path)}`);
  return { kind: 'link', action, sysname, links };
}

function groupRequest(
  { operands, links, auto, always, access, part }: Options,
  env: VfioIdArgs['env'],
): Request {
  const [, action, given, extra] = operands;
  if (extra !== undefined) return wrong(`expected one GROUP, found ${quoted(extra)} too`);
  if (action !== 'names' && action !== 'announce' && action !== 'link')
    return wrong(`expected group names, group announce or group link, found ${quoted(action ?? '')}`);
  const subject = given || [env.DEVPATH, env.DEVNAME, env.MDEV].map(wellFormed).find((value) => value !== '');
  if (subject === undefined) return wrong('expected DEVPATH, DEVNAME or MDEV in the environment, found none');
  const isNew = env.ACTION === 'add';
  if (action === 'announce')
    return { kind: 'group', action, subject, auto, always, links, access, part, isNew };
  const node = subject.slice(subject.lastIndexOf('/') + 1);
  if (!/^(?:noiommu-)?\d{1,10}$/.test(node))
    return wrong(`expected the node of a group, found ${quoted(subject)}`);
  return { kind: 'group', action, subject: node, auto, always, links, access, part, isNew };
}

/** Replaces invalid UTF-8, which Node and QuickJS decode differently; no device has such a name. */
function wellFormed(text: string | undefined): string {
  return (text ?? '').replace(/[\ud800-\udfff\ufffd]+/g, '\ufffd');
}

function wrong(message: string): Request {
  return { kind: 'error', message };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(/[\u007f-\uffff]/g, '?');
}
