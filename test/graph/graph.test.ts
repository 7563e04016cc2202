import * as fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { graphDot } from '../../src/graph/dot.ts';
import type { Entry } from '../../src/graph/entry.ts';
import { type Box, graphOf } from '../../src/graph/model.ts';
import { drawer, drawSvg } from '../../src/graph/svg.ts';
import { graphText } from '../../src/graph/text.ts';
import { wrapped } from '../../src/graph/words.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { fakeRoot } from '../helpers/fake-root.ts';
import { validJson } from '../helpers/schema.ts';
import { samples } from './samples.ts';

type Name = keyof typeof samples;

async function show(t: ExecutionContext, name: Name, ...words: string[]): Promise<CliResult> {
  const root = fakeRoot(t);
  samples[name](root);
  await runCli(['sync', '--root', root.dir]);
  return runCli(['graph', '--root', root.dir, ...words]);
}

for (const name of Object.keys(samples) as Name[])
  for (const format of ['text', 'dot'] as const)
    test(`the machine ${name} as ${format} is the golden one`, async (t) => {
      const { status, out } = await show(t, name, '--format', format);
      t.is(status, 0);
      const golden = new URL(`../golden/graph/${name}.${format === 'text' ? 'txt' : 'dot'}`, import.meta.url);
      if (process.env['UPDATE_GOLDEN']) {
        fs.mkdirSync(new URL('.', golden), { recursive: true });
        fs.writeFileSync(golden, out);
      }
      t.is(out, fs.readFileSync(golden, 'utf8'));
    });

test('the drawing is an SVG with every device, and the same each time', async (t) => {
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

test('without the package that draws, one line says which, and what to do instead', async (t) => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const error = await t.throwsAsync(drawSvg('digraph {}', () => Promise.reject(missing)));
  t.like(error, { code: 'no-drawer', exitCode: 5 });
  t.is(
    error?.message,
    `expected the package ${drawer} to draw with, found none; npm install ${drawer}, or draw with Graphviz: vfio-names graph --format dot | dot -Tsvg`,
  );
  // As with node --jitless, which has no WebAssembly.
  const broken = await t.throwsAsync(
    drawSvg('digraph {}', () => Promise.reject(new ReferenceError('WebAssembly is not defined'))),
  );
  t.regex(broken?.message ?? '', /found one that does not run here \(ReferenceError\); draw with Graphviz/);
});

test('the package is optional, pinned, and nothing else asks for it', (t) => {
  const manifest = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  t.regex(manifest.optionalDependencies[drawer], /^\d+\.\d+\.\d+$/);
  t.false(drawer in manifest.dependencies);
});

test('--json has the entries by their schema, --all every PCI device', async (t) => {
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
  t.regex(none.err[0] ?? '', /no device is bound to a VFIO driver here; graph --all shows the others/);
  const all = await runCli(['graph', '--root', root.dir, '--all']);
  t.deepEqual(all.err, []);
  t.is(all.out, 'pci0000:00\n├─ 0000:00:02.0 · group 2 · i915\n└─ 0000:00:03.0 · group 3 · no driver\n');
});

const entry = (more: Partial<Entry> & { readonly syspath: string }): Entry => ({
  bus: 'pci',
  name: more.syspath.slice(more.syspath.lastIndexOf('/') + 1),
  state: 'free',
  bridge: false,
  ...more,
});

test('a group that a bridge shares with its devices is one frame around all of them', (t) => {
  const top = '/sys/devices/pci0000:00';
  const { frames } = graphOf([
    entry({ syspath: `${top}/a`, group: '1', bridge: true, state: 'host' }),
    entry({ syspath: `${top}/a/b`, group: '1' }),
    entry({ syspath: `${top}/c`, group: '2', bridge: true, state: 'host' }),
  ]);
  t.deepEqual(frames, [{ group: '1', boxes: [`${top}/a`, `${top}/a/b`] }]);
});

test('VFs of one group are one box in its frame, and no cell says the group again', (t) => {
  const top = '/sys/devices/pci0000:00';
  const vfs = ['0', '1', '2'].map((vf) => entry({ syspath: `${top}/v${vf}`, group: '7', pf: 'pf', vf }));
  const graph = graphOf([entry({ syspath: `${top}/pf`, group: '7', state: 'host' }), ...vfs]);
  t.deepEqual(graph.frames, [{ group: '7', boxes: [`${top}/pf`, `${top}/pf vf`] }]);
  const dot = graphDot(graph);
  t.is(dot.match(/group 7/g)?.length, 2, dot);
});

test('words are wrapped at blanks, and a long one is not broken', (t) => {
  t.deepEqual(wrapped('one two three', 7), ['one two', 'three']);
  t.deepEqual(wrapped('toolongaword b', 5), ['toolongaword', 'b']);
  t.deepEqual(wrapped('', 5), []);
});

const nasty = fc.oneof(
  fc.constantFrom(
    '</b><table>',
    '"];evil [label="',
    '\\',
    'a\\"b',
    '&lt;',
    '\u0000\u001b[2J',
    '-->',
    ']]>',
    '‮x',
    'font-family="Verdana"',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('whatever names and labels say, the picture has as many boxes, is well-formed, and has no control character', async (t) => {
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  const one = fc.record({
    name: nasty,
    label: nasty,
    driver: nasty,
    holder: nasty,
    link: nasty,
    mdevType: nasty,
  });
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('pci', 'mdev'),
      (many, bus) => {
        const entries = many.map(({ name, label, driver, holder, link, mdevType }, index) =>
          entry({
            ...{ bus, name, label, driver, mdevType, group: '1', node: `vfio${index}` },
            syspath: `/sys/devices/top/${index}${name.replaceAll('/', '')}`,
            links: [`/dev/vfio/${link}`],
            holders: [holder],
          }),
        );
        const graph = graphOf(entries);
        const boxes = (box: Box): number =>
          1 + (box.kind === 'grid' ? 0 : box.below.map(boxes).reduce((a, b) => a + b, 0));
        const dot = graphDot(graph);
        const { status, output = '', errors } = viz.render(dot, { format: 'svg' });
        t.is(status, 'success', `${JSON.stringify(errors)}\n${dot}`);
        t.is(
          output.match(/<g id="node\d+"/g)?.length,
          graph.roots.map(boxes).reduce((a, b) => a + b, 0),
        );
        t.notRegex(output, /[\u0000-\u0008\u000b-\u001f\u007f\u202e]/);
        t.notRegex(
          output.replace(/<[^<>]*>/g, ''),
          /[<>]|&(?!(?:#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos|nbsp);)/,
        );
        for (const line of graphText(graph).split('\n')) t.notRegex(line, /[\u0000-\u001f\u007f\u202e]/);
      },
    ),
    { numRuns: 60 },
  );
});
