import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { formatDot } from '../../../../src/graph/dot.ts';
import type { Entry } from '../../../../src/graph/model.ts';
import { type Box, buildGraph } from '../../../../src/graph/model.ts';
import { renderSvg } from '../../../../src/graph/svg.ts';
import { formatText } from '../../../../src/graph/text.ts';
import { type CliResult, runCli } from '../../../support/cli.ts';
import { errorLine } from '../../../support/error-line.ts';
import { fakeRoot } from '../../../support/fake-root.ts';
import { givenProgram } from '../../../support/given-program.ts';
import { samples } from '../../../support/graph-samples.ts';
import { validJson } from '../../../support/schema.ts';

type SampleName = keyof typeof samples;

async function show(t: ExecutionContext, name: SampleName, ...args: string[]): Promise<CliResult> {
  const root = fakeRoot(t);
  samples[name](root);
  await runCli(['sync', '--root', root.dir]);
  root.write('/etc/hostname', 'host\n');
  const result = await runCli(['graph', '--root', root.dir, ...args]);
  // Graphviz escapes the dashes in a comment.
  return {
    ...result,
    out: result.out.replaceAll(/\d{4}(?:-|&#45;)\d\d(?:-|&#45;)\d\d \d\d:\d\d UTC/g, 'TIME'),
  };
}

for (const name of Object.keys(samples) as SampleName[])
  for (const format of ['text', 'dot'] as const)
    test(`graph --format ${format} of the sample ${name} matches the golden file`, async (t) => {
      const { status, out } = await show(t, name, '--format', format);
      t.is(status, 0);
      const golden = new URL(
        `../../../golden/graph/${name}.${format === 'text' ? 'txt' : 'dot'}`,
        import.meta.url,
      );
      if (process.env['UPDATE_GOLDEN']) {
        fs.mkdirSync(new URL('.', golden), { recursive: true });
        fs.writeFileSync(golden, out);
      }
      t.is(out, fs.readFileSync(golden, 'utf8'));
    });

test('graph reports processes that it cannot see on this machine, but not in an image', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  t.deepEqual((await runCli(['graph', '--root', root.dir])).err, []);
  t.regex((await runCli(['graph', '--host-root', root.dir])).err.join('\n'), /no processes can be seen/);
});

test('graph marks a device whose link leads to another node', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:01:00.0', sysname: 'vfio0', group: '14', driver: 'vfio-pci' });
  root.linkWithTarget('/dev/vfio/pci/0000:01:00.0', '../devices/vfio1');
  t.regex((await runCli(['graph', '--root', root.dir])).out, /pci\/0000:01:00\.0 \(not correct\)$/m);
});

test('graph breaks long lines of a terminal beside the branches of the tree', async (t) => {
  const root = fakeRoot(t);
  samples.desktop(root);
  await runCli(['sync', '--root', root.dir]);
  const { out: whole } = await runCli(['graph', '--root', root.dir]);
  const { out } = await runCli(['graph', '--root', root.dir], {}, { stdoutIsTty: true, columns: () => 60 });
  for (const line of out.split('\n')) t.true(line.length <= 60, line);
  t.true(
    out.includes(
      '│  ├─ 0000:01:00.0 · NVIDIA Corporation GA102 [GeForce\n│  │     RTX 3090] · group 14 · vfio-pci, vfio0 ·\n│  │     pci/0000:01:00.0 · in use by qemu-system-x86 (pid\n│  │     812)\n',
    ),
    out,
  );
  const words = (text: string): string => text.replaceAll(/[│├└─\s]+/g, ' ');
  t.is(words(out), words(whole));
});

// The native program draws no SVG.
(givenProgram ? test.skip : test)('graph --format svg shows every device, and is reproducible', async (t) => {
  const first = await show(t, 'desktop', '--format', 'svg');
  t.is(first.status, 0);
  t.regex(first.out, /<svg [\s\S]*<\/svg>\n$/);
  // Graphviz writes a hyphen as an entity.
  const text = first.out.replaceAll('&#45;', '-');
  for (const name of [
    '0000:01:00.0',
    '0000:01:00.1',
    '0000:00:1f.3',
    'IOMMU group 14',
    'qemu-system-x86 (pid 812)',
  ])
    t.true(text.includes(name), name);
  t.is((await show(t, 'desktop', '--format', 'svg')).out, first.out);
});

test('renderSvg reports a missing or unusable package with an alternative', async (t) => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const error = await t.throwsAsync(renderSvg(buildGraph([]), 'title', () => Promise.reject(missing)));
  t.like(error, { code: 'no-renderer', status: 5 });
  t.is(
    errorLine(error),
    `expected the package @viz-js/viz to draw with, found none; npm install @viz-js/viz, or draw with Graphviz: vfio-names graph --format dot | dot -Tsvg`,
  );
  // As with node --jitless, which does not support WebAssembly.
  const broken = await t.throwsAsync(
    renderSvg(buildGraph([]), 'title', () =>
      Promise.reject(new ReferenceError('WebAssembly is not defined')),
    ),
  );
  t.regex(errorLine(broken), /found one that does not run here \(ReferenceError\); draw with Graphviz/);
});

test('package.json pins the SVG renderer as an optional dependency', (t) => {
  const manifest = JSON.parse(fs.readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
  t.regex(manifest.optionalDependencies['@viz-js/viz'], /^\d+\.\d+\.\d+$/);
  t.is(manifest.dependencies, undefined);
});

test('graph --json is valid against its schema, and graph --all shows every PCI device', async (t) => {
  const document = validJson<{ devices: { name: string; usage: string; holders?: { pid: number }[] }[] }>(
    t,
    'graph',
    (await show(t, 'desktop', '--json')).out,
  );
  const usages = Object.fromEntries(document.devices.map(({ name, usage }) => [name, usage]));
  t.true(document.devices.some(({ holders }) => holders?.some(({ pid }) => pid > 0)));
  t.deepEqual(usages, {
    '0000:00:01.0': 'host',
    '0000:01:00.0': 'used',
    '0000:01:00.1': 'used',
    '0000:00:1c.0': 'host',
    '0000:05:00.0': 'free',
    '0000:00:1f.0': 'free',
    '0000:00:1f.3': 'blocking',
  });
  const root = fakeRoot(t);
  root.add({ name: '0000:00:02.0', driver: 'i915', group: '2' });
  root.add({ name: '0000:00:03.0', group: '3' });
  const none = await runCli(['graph', '--root', root.dir]);
  t.is(none.out, '');
  t.regex(none.err[0] ?? '', /no device is bound to a VFIO driver here; graph --all shows other devices/);
  const all = await runCli(['graph', '--root', root.dir, '--all']);
  t.deepEqual(all.err, []);
  t.is(all.out, 'pci0000:00\n├─ 0000:00:02.0 · group 2 · i915\n└─ 0000:00:03.0 · group 3 · no driver\n');
});

const entry = (fields: Partial<Entry> & { readonly syspath: string }): Entry => ({
  bus: 'pci',
  name: fields.syspath.slice(fields.syspath.lastIndexOf('/') + 1),
  usage: 'free',
  bridge: false,
  ...fields,
});

test('buildGraph puts a bridge and the devices of its group into one frame', (t) => {
  const top = '/sys/devices/pci0000:00';
  const { frames } = buildGraph([
    entry({ syspath: `${top}/a`, group: '1', bridge: true, usage: 'host' }),
    entry({ syspath: `${top}/a/b`, group: '1' }),
    entry({ syspath: `${top}/c`, group: '2', bridge: true, usage: 'host' }),
  ]);
  t.deepEqual(frames, [{ group: '1', boxes: [`${top}/a`, `${top}/a/b`] }]);
});

test('formatDot shows VFs of one group as one grid in its frame, without the group in the cells', (t) => {
  const top = '/sys/devices/pci0000:00';
  const vfs = ['0', '1', '2'].map((vf) => entry({ syspath: `${top}/v${vf}`, group: '7', pf: 'pf', vf }));
  const graph = buildGraph([entry({ syspath: `${top}/pf`, group: '7', usage: 'host' }), ...vfs]);
  t.deepEqual(graph.frames, [{ group: '7', boxes: [`${top}/pf`, `${top}/pf vf`] }]);
  const dot = formatDot(graph, 'title');
  t.is(dot.match(/group 7/g)?.length, 2, dot);
});

const hostileText = fc.oneof(
  fc.constantFrom(
    '</b><table>',
    '"];evil [label="',
    '\\',
    'a\\"b',
    '&lt;',
    '\u0000\u001b[2J',
    'a\uffff\ufdd0\u{1fffe}',
    '-->',
    ']]>',
    '‮x',
    'font-family="Verdana"',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('formatDot and formatText produce well-formed output without control characters for hostile text', async (t) => {
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  const texts = fc.record({
    name: hostileText,
    label: hostileText,
    driver: hostileText,
    holder: hostileText,
    link: hostileText,
    mdevType: hostileText,
  });
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('pci', 'mdev'),
      hostileText,
      (devices, bus, title) => {
        const entries = devices.map(({ name, label, driver, holder, link, mdevType }, index) =>
          entry({
            ...{ bus, name, label, driver, mdevType, group: driver, node: `vfio${index}` },
            syspath: `/sys/devices/top/${index}${name.replaceAll('/', '')}`,
            links: [`/dev/vfio/${link}`],
            holders: [holder],
          }),
        );
        const graph = buildGraph(entries);
        const countBoxes = (box: Box): number =>
          1 + (box.kind === 'grid' ? 0 : box.below.map(countBoxes).reduce((a, b) => a + b, 0));
        const dot = formatDot(graph, title);
        const { status, output = '', errors } = viz.render(dot, { format: 'svg' });
        t.is(status, 'success', `${JSON.stringify(errors)}\n${dot}`);
        t.is(
          output.match(/<g id="node\d+"/g)?.length,
          graph.roots.map(countBoxes).reduce((a, b) => a + b, 0),
        );
        t.notRegex(output, /[\u0000-\u0008\u000b-\u001f\u007f\u202e]/);
        t.notRegex(
          output.replace(/<[^<>]*>/g, ''),
          /[<>]|&(?!(?:#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos|nbsp);)/,
        );
        for (const line of formatText(graph).split('\n')) t.notRegex(line, /[\u0000-\u001f\u007f\u202e]/);
      },
    ),
    { numRuns: 60 },
  );
});
