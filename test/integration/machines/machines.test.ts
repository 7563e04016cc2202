/** All commands on the sysfs trees of real machines, each of whose PCI devices is bound to vfio-pci. */
import * as fs from 'node:fs';
import { basename } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runCli } from '../../support/cli.ts';
import { type FakeRoot, fakeRoot } from '../../support/fake-root.ts';
import { type Endpoint, realMachines, unpackMachine } from '../../support/real-machine.ts';

interface Machine {
  readonly root: FakeRoot;
  readonly endpoints: readonly Endpoint[];
  /** Runs a command, which must end with `status`; returns its output. */
  readonly run: (status: number, ...args: readonly string[]) => Promise<string>;
}

function machine(t: ExecutionContext, archive: string, policy = ''): Machine {
  const root = fakeRoot(t);
  const endpoints = unpackMachine(root, archive);
  root.write('/etc/vfio-names/test.toml', policy);
  const run: Machine['run'] = async (status, ...args) => {
    const result = await runCli([...args, '--root', root.dir]);
    t.is(result.status, status, `${args.join(' ')}: ${result.err.join('\n')}`);
    return result.out;
  };
  return { root, endpoints, run };
}

/** Device and function of each part of a path: an independent reading of the directories. */
function pathOf({ syspath, bridges, name }: Endpoint): string {
  const hostBridge = syspath.split('/')[3]?.replace(':', '_') ?? '';
  return [hostBridge, ...[...bridges, name].map((address) => address.split(':')[2])].join('-');
}

if (realMachines().length === 0)
  test.skip('commands on the trees of real machines (VFIO_NAMES_DATA)', () => {});
for (const archive of realMachines()) {
  const title = basename(archive).replace(/\.tar\..*/, '');

  test(`${title}: list, show and resolve know every device`, async (t) => {
    const { endpoints, run } = machine(t, archive);
    const { devices } = JSON.parse(await run(0, 'list', '--json')) as {
      devices: readonly { name: string; node: string; syspath: string; path: string; group: number }[];
    };
    t.deepEqual(
      devices.map(({ name, node, syspath, path, group }) => ({ name, node, syspath, path, group })),
      endpoints
        .map((endpoint) => ({
          name: endpoint.name,
          node: endpoint.sysname,
          syspath: endpoint.syspath,
          path: pathOf(endpoint),
          group: Number(endpoint.group),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    const { name = '', sysname } = endpoints.at(-1) ?? {};
    t.is(await run(0, 'resolve', name), `/dev/vfio/devices/${sysname}\n`);
    t.true((await run(0, 'show', name)).includes(name));
  });

  test(`${title}: plan, sync and verify make a link of every family for every device`, async (t) => {
    const policy = '[names]\nby-path = true\nby-tag = true\ngroups = true\n';
    const { root, endpoints, run } = machine(t, archive, policy);
    const planned = await run(6, 'plan');
    const links: Record<string, string> = {};
    for (const endpoint of endpoints) {
      const { name, sysname, group } = endpoint;
      for (const link of [
        `pci/${name}`,
        `by-path/${pathOf(endpoint)}`,
        `by-tag/pci-${name.replace(/[:.]/g, '_')}`,
      ]) {
        links[link] = `../devices/${sysname}`;
        links[`groups/${link}`] = `../../${group}`;
      }
    }
    for (const link of Object.keys(links)) t.true(planned.includes(link), link);
    await run(0, 'sync');
    t.deepEqual(root.links(), Object.fromEntries(Object.entries(links).sort()));
    await run(0, 'verify');
    t.regex(await run(0, 'sync'), /nothing to change/);
  });

  test(`${title}: graph shows every device, and no sibling before one with a lower address`, async (t) => {
    const { endpoints, run } = machine(t, archive);
    const text = await run(0, 'graph', '--format', 'text');
    for (const { name } of endpoints) t.true(text.includes(name), name);
    const byIndent = new Map<number, string[]>();
    for (const line of text.split('\n')) {
      const [, indent = '', name] = /^(.*?)(?:[├└]─ )([0-9a-f:.]+)/.exec(line) ?? [];
      for (const depth of byIndent.keys())
        if (name === undefined || depth > indent.length) byIndent.delete(depth);
      if (name !== undefined) {
        const siblings = byIndent.get(indent.length) ?? [];
        t.true(
          siblings.every((sibling) => sibling < name),
          `${name} after ${siblings.at(-1)}`,
        );
        byIndent.set(indent.length, [...siblings, name]);
      }
    }
    t.true((await run(0, 'graph', '--format', 'dot')).startsWith('digraph'));
  });

  test(`${title}: doctor, nfd and cdi end, and name only devices that exist`, async (t) => {
    const { root, endpoints, run } = machine(t, archive);
    const names = new Set(fs.readdirSync(root.at('/sys/bus/pci/devices')));
    const out = [
      (await runCli(['doctor', '--json', '--root', root.dir])).out,
      await run(0, 'nfd'),
      (await runCli(['cdi', '--interface', 'group', '--root', root.dir])).out,
    ].join('\n');
    for (const [name] of out.matchAll(/\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/g))
      t.true(names.has(name), name);
    t.true(out.includes(`vfio-names.dev/pci.count=${endpoints.length}`));
  });
}
