import { existsSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Invocation, Io } from '../../../../src/cli/command.ts';
import { installRules } from '../../../../src/cli/commands/rules.ts';
import type { RunProgram } from '../../../../src/system/programs.ts';
import { type CliResult, runCli } from '../../../support/cli.ts';
import { type FakeRoot, fakeFiles, fakeRoot } from '../../../support/fake-root.ts';
import { validJson } from '../../../support/schema.ts';
import { testSystem } from '../../../support/system.ts';

const path = '/etc/udev/rules.d/70-vfio-names.rules';

const policy = `scheme = 1
[[link]]
match = { bus = "pci" }
name = "by-driver/{{driver}}/{{name}}"
`;

/** Runs sub-commands of rules, and removes the root from the paths that they print, since they name a file with its root. */
function rulesOn(t: ExecutionContext, root: FakeRoot): (...args: string[]) => Promise<CliResult> {
  return async (...args) => {
    const result = await runCli(['rules', ...args, '--root', root.dir]);
    const out = result.out.replace(
      /^((?:(?:wrote|removed|already up to date:|nothing to \w+:) )?)(\/(?!dev\/null)\S+)/gm,
      (_, verb, file) => {
        t.true(file.startsWith(root.dir), file);
        return `${verb}${file.slice(root.dir.length)}`;
      },
    );
    return { ...result, out };
  };
}

test('rules render prints the rules of the policy for each target', async (t) => {
  const root = fakeRoot(t);
  const plain = await runCli(['rules', 'render', '--root', root.dir]);
  t.is(plain.status, 0);
  t.is(plain.out, readFileSync(new URL('../../../../rules/70-vfio-names.rules', import.meta.url), 'utf8'));
  root.write('/etc/vfio-names/site.toml', policy);
  const changed = await runCli(['rules', 'render', '--root', root.dir]);
  t.regex(changed.out, /^# vfio-names scheme=1 policy=[0-9a-f]{64}\n/);
  t.true(changed.out.includes('SYMLINK+="vfio/by-driver/$driver/$id"'));
  const { out } = await runCli(['rules', 'render', '--target', 'mdevd', '--json', '--root', root.dir]);
  t.is(validJson(t, 'rules-render', out)['manager'], 'mdevd');
});

test('rules install, check and uninstall write, check and remove the rules', async (t) => {
  const root = fakeRoot(t);
  const run = rulesOn(t, root);
  t.is((await run('check')).status, 1);
  const dry = await run('install', '--dry-run');
  t.is(dry.status, 0);
  t.regex(
    dry.out,
    /^--- \/dev\/null\n\+\+\+ \/etc\/udev\/rules.d\/70-vfio-names.rules\n@@ -0,0 \+1,\d+ @@\n/,
  );
  t.false(existsSync(root.at(path)));
  t.deepEqual(await run('install'), { status: 0, out: `wrote ${path}\n`, err: [] });
  t.deepEqual(await run('check'), { status: 0, out: `${path} matches the policy\n`, err: [] });
  t.is((await run('install')).out, `already up to date: ${path}\n`);
  t.is((await run('install', '--dry-run')).out, `nothing to change: ${path}\n`);
  root.write('/etc/vfio-names/site.toml', policy);
  const check = await run('check', '--json');
  t.is(check.status, 1);
  t.is(validJson(t, 'rules-check', check.out)['rulesState'], 'policy-changed');
  t.regex((await run('install', '--dry-run')).out, /^-# vfio-names scheme=1 policy=default$/m);
  const installed = validJson(t, 'rules-install', (await run('install', '--json')).out);
  t.true(installed['changed']);
  t.false(installed['applied']);
  t.is((await run('check')).status, 0);
  const removed = await run('uninstall', '--json');
  t.true(validJson(t, 'rules-uninstall', removed.out)['changed']);
  t.false(existsSync(root.at(path)));
  t.is((await run('uninstall')).out, `nothing to remove: ${path}\n`);
});

test('rules install and uninstall leave a foreign file alone and print one line', async (t) => {
  const root = fakeRoot(t);
  root.write(path, 'KERNEL=="x"\n');
  for (const args of [['install'], ['uninstall'], ['install', '--dry-run']]) {
    const { status, out, err } = await runCli(['rules', ...args, '--root', root.dir]);
    t.is(status, 1);
    t.is(out, '');
    t.is(err.length, 1);
  }
  t.is(readFileSync(root.at(path), 'utf8'), 'KERNEL=="x"\n');
});

test('rules install with an invalid policy leaves the rules unchanged', async (t) => {
  const root = fakeRoot(t);
  await runCli(['rules', 'install', '--root', root.dir]);
  const before = readFileSync(root.at(path), 'utf8');
  for (const text of [
    'scheme = 2\n',
    'scheme = 1\n[[link]]\nmatch = { mode = "0600" }\nname = "by-x/{{name}}"\n',
  ]) {
    root.write('/etc/vfio-names/site.toml', text);
    const { status, err } = await runCli(['rules', 'install', '--root', root.dir]);
    t.is(status, 2);
    t.is(err.length, 1);
    t.is(readFileSync(root.at(path), 'utf8'), before);
  }
});

test('rules install without --root triggers udev, and exits with status 1 if udev fails', (t) => {
  const root = fakeRoot(t);
  // Redirects the machine's own paths below a temporary root.
  const below = (name: string): string => (name.startsWith('/proc/self') ? name : root.at(name));
  const files = {
    ...fakeFiles,
    lstat: (name: string) => fakeFiles.lstat(below(name)),
    stat: (name: string) => fakeFiles.stat(below(name)),
    openDir: (name: string) => fakeFiles.openDir(below(name)),
  };
  root.write('/run/udev/control', '');
  let out = '';
  const err: string[] = [];
  const io = {
    out: (text: string) => (out += text),
    err: (line: string) => err.push(line),
  } as unknown as Io;
  const invocation = { root: '', flags: {}, json: false } as unknown as Invocation;
  const withProgram = (run: RunProgram) => testSystem({ files, programs: { run } });
  const calls: string[] = [];
  const planned = { path, after: '# vfio-names scheme=1 policy=default\n' };
  t.is(
    installRules(
      [planned],
      invocation,
      io,
      withProgram((_, args) => calls.push(args.join(' '))),
    ),
    0,
  );
  t.is(calls.length, 5);
  t.is(out, `wrote ${path}, and udev applied the change\n`);
  const { after, ...uninstallation } = { ...planned, before: planned.after };
  const failingExec = (): void => {
    throw Object.assign(new Error(), { status: 1 });
  };
  t.is(installRules([uninstallation], invocation, io, withProgram(failingExec)), 1);
  t.is(err.length, 4);
  t.true(out.endsWith(`removed ${path}\n`));
  t.is(after, planned.after);
});

const bindPath = '/etc/udev/rules.d/60-vfio-names-bind.rules';

const whenBound =
  '; devices get their drivers at the next boot; vfio-names bind gives them to devices without a driver now';

test('rules install, check and uninstall write, check and remove the rules for drivers', async (t) => {
  const root = fakeRoot(t);
  const run = rulesOn(t, root);
  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:01:00.0" }\n');
  t.deepEqual((await run('check')).out.split('\n'), [
    'udev has no rules for VFIO names; run vfio-names rules install',
    'udev has no rules for the drivers of the policy ([[bind]]); run vfio-names rules install',
    '',
  ]);
  const dry = await run('install', '--dry-run');
  t.true(dry.out.includes(`+++ ${bindPath}\n`));
  t.false(existsSync(root.at(bindPath)));
  t.deepEqual(await run('install'), {
    status: 0,
    out: `wrote ${path}\nwrote ${bindPath}${whenBound}\n`,
    err: [],
  });
  t.is(readFileSync(root.at(bindPath), 'utf8'), (await run('render', '--bind')).out);
  t.is((await run('install')).out, `already up to date: ${path}\nalready up to date: ${bindPath}\n`);
  const current = validJson(t, 'rules-check', (await run('check', '--json')).out);
  t.true(current['upToDate']);
  root.write(bindPath, `${readFileSync(root.at(bindPath), 'utf8')}\n`);
  const edited = await run('check', '--json');
  t.is(edited.status, 1);
  const { upToDate, rulesState, bind } = validJson(t, 'rules-check', edited.out);
  t.deepEqual(
    [upToDate, rulesState, (bind as Record<string, unknown>)['rulesState']],
    [false, 'current', 'edited'],
  );

  root.write('/etc/vfio-names/site.toml', '[names]\nby-tag = true\n');
  t.regex(
    (await run('check')).out,
    /60-vfio-names-bind.rules has rules for drivers, but the policy has no \[\[bind\]\]/,
  );
  const installed = validJson(t, 'rules-install', (await run('install', '--json')).out);
  t.true((installed['bind'] as Record<string, unknown>)['changed']);
  t.false(existsSync(root.at(bindPath)));
  t.is((await run('install')).out, `already up to date: ${path}\n`);
  t.is((await run('render', '--bind')).out, '');

  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:01:00.0" }\n');
  await run('install');
  const removed = validJson(t, 'rules-uninstall', (await run('uninstall', '--json')).out);
  t.true((removed['bind'] as Record<string, unknown>)['changed']);
  t.false(existsSync(root.at(bindPath)));
});

test('rules install changes neither file if one of them is not ours', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:01:00.0" }\n');
  root.write(bindPath, 'KERNEL=="x"\n');
  const { status, err } = await runCli(['rules', 'install', '--root', root.dir]);
  t.is(status, 1);
  t.true(err[0]?.includes(bindPath));
  t.false(existsSync(root.at(path)));
});

test('rules render rejects --bind with another target', async (t) => {
  t.is((await runCli(['rules', 'render', '--bind', '--target', 'mdev'])).status, 2);
  t.is((await runCli(['rules', 'render', '--bind', '--via', 'run'])).status, 2);
});

/** A machine whose root is on 0000:00:05.0, with a policy that takes this disk. */
function withRootDisk(root: FakeRoot): void {
  const { syspath } = root.add({
    name: '0000:00:05.0',
    driver: 'nvme',
    attributes: { driver_override: '(null)' },
  });
  root.write(`${syspath}/nvme/nvme0/nvme0n1/dev`, '259:0\n');
  root.linkTo('/sys/class/block/nvme0n1', `${syspath}/nvme/nvme0/nvme0n1`);
  root.write('/proc/1/mountinfo', '30 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n');
  root.write('/etc/vfio-names/site.toml', '[[bind]]\nmatch = { name = "0000:00:05.0" }\n');
}

test('rules install asks before it gives a device that the host uses to another driver', async (t) => {
  const root = fakeRoot(t);
  withRootDisk(root);
  const args = ['rules', 'install', '--root', root.dir];
  const effect = `vfio-names: ${root.at('/etc/vfio-names/site.toml')}:1 gives vfio-pci to 0000:00:05.0, which nvme has now; / is mounted from nvme0n1`;
  const refusal =
    'vfio-names: the host uses 0000:00:05.0 now, and would not have it after the next boot; add --yes if that is right; nothing was changed';
  t.deepEqual(await runCli(args), { status: 2, out: '', err: [effect, refusal] });
  t.false(existsSync(root.at(path)));
  const questions: string[] = [];
  const answering = (answer: string) =>
    runCli(
      args,
      {
        process: {
          ask: (question) => {
            questions.push(question);
            return answer;
          },
        },
      },
      { stdinIsTty: true },
    );
  t.deepEqual((await answering('')).status, 2);
  t.deepEqual((await answering('no')).err[1], 'vfio-names: nothing was changed, since you did not agree');
  t.false(existsSync(root.at(bindPath)));
  t.is((await answering('y')).status, 0);
  t.true(existsSync(root.at(bindPath)));
  t.is(questions.length, 3);
  // What is installed already is not asked about again.
  t.deepEqual((await runCli(args)).err, []);
  await runCli(['rules', 'uninstall', '--root', root.dir]);
  const dry = await runCli([...args, '--dry-run']);
  t.deepEqual([dry.status, dry.err], [0, [effect]]);
  t.deepEqual((await runCli([...args, '--yes'])).status, 0);
});
