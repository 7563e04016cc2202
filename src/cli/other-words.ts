/** Words that people type because another program has them, and what vfio-names calls the same thing. */

/** The command for a word that is not one: `who` is what `holders` does. */
const commandOf: Readonly<Record<string, string>> = {
  apply: 'sync',
  check: 'verify',
  clean: 'sync',
  config: 'config show',
  create: 'sync',
  describe: 'show',
  details: 'show',
  devices: 'list',
  diagnose: 'doctor',
  diff: 'plan',
  draw: 'graph',
  find: 'resolve',
  fix: 'verify --fix',
  fuser: 'holders',
  get: 'resolve',
  health: 'doctor',
  info: 'show',
  inspect: 'show',
  install: 'rules install',
  ll: 'list --long',
  lspci: 'list',
  lsof: 'holders',
  monitor: 'watch',
  open: 'probe',
  path: 'resolve',
  policy: 'config show',
  print: 'show',
  prune: 'sync',
  ps: 'holders',
  remove: 'sync',
  repair: 'verify --fix',
  rm: 'sync',
  run: 'exec',
  schema: 'config schema',
  service: 'watch',
  test: 'verify',
  uninstall: 'rules uninstall',
  update: 'sync',
  users: 'holders',
  validate: 'config check',
  who: 'holders',
};

const binding =
  'vfio-names takes no device from a driver: use driverctl, or driver_override in sysfs; vfio-names bind gives devices without a driver the one of the policy';
const naming =
  'write the alias to /etc/vfio-names/10-names.toml: [names.by-alias] and, below it, gpu = "0000:01:00.0"; vfio-names.toml(5) describes all keys';
const completion =
  'the packages install completions for bash, zsh and fish; the npm package has them in dist/completions';

/** What to do instead of what no command does. */
const adviceOf: Readonly<Record<string, string>> = {
  alias: naming,
  attach: binding,
  completion,
  completions: completion,
  detach: binding,
  man: 'read vfio-names(1), or vfio-names help',
  name: naming,
  rebind: binding,
  rename: naming,
  unbind: binding,
};

/** The option for one that other programs have. */
const optionOf: Readonly<Record<string, string>> = {
  a: 'all',
  f: 'fix',
  format: 'json',
  j: 'json',
  'no-headers': 'no-header',
  o: 'json',
  output: 'json',
  w: 'long',
  wide: 'long',
};

const allDevices =
  'list shows every device that is bound to VFIO; vfio-names graph --all shows the others, too';

/** What to do instead of an option that a command does not have. */
const optionAdviceOf: Readonly<Record<string, string>> = {
  'doctor fix': 'vfio-names verify --fix corrects links and access; doctor says what to do about the rest',
  'list a': allDevices,
  'list all': allDevices,
  'sync force': 'sync never replaces what it did not create: move it away, and sync again',
  'verify dry-run': 'without --fix, verify changes nothing; vfio-names plan shows what --fix would change',
  'watch once': 'vfio-names sync makes one pass',
};

/** The words of these tables are looked up in any letter case; `undefined` for a word that means nothing here. */
function lookUp(table: Readonly<Record<string, string>>, word: string): string | undefined {
  const key = word.toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Returns the command that does what `word` means elsewhere: `holders` for `who`. */
export function commandFor(word: string): string | undefined {
  return lookUp(commandOf, word);
}

/** Returns the advice for a word that means what vfio-names does not do. */
export function adviceFor(word: string): string | undefined {
  return lookUp(adviceOf, word);
}

/** Returns the option of `options` that does what `name` means elsewhere: `json` for `format`. */
export function optionFor(name: string, options: Readonly<Record<string, unknown>>): string | undefined {
  const found = lookUp(optionOf, name);
  return found !== undefined && Object.hasOwn(options, found) ? found : undefined;
}

/** Returns the advice for an option that this command does not have. */
export function optionAdviceFor(command: string, name: string): string | undefined {
  return lookUp(optionAdviceOf, `${command} ${name}`);
}
