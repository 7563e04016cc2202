import test, { type ExecutionContext } from 'ava';
import { comparePaths } from '../../../src/devices/order.ts';
import { colours, darkColours, stateStyles } from '../../../src/graph/colours.ts';
import { formatDot } from '../../../src/graph/dot.ts';
import { buildGraph, type Entry } from '../../../src/graph/model.ts';
import { renderSvg } from '../../../src/graph/svg.ts';

function entry(syspath: string, fields: Partial<Entry> = {}): Entry {
  return {
    bus: 'pci',
    name: syspath.slice(syspath.lastIndexOf('/') + 1),
    usage: 'free',
    bridge: false,
    ...fields,
    syspath,
  };
}

const hex = (number: number): string => number.toString(16).padStart(2, '0');

/** `count` devices, each behind a port, on `tops` host bridges; the last two of each bridge share a group. */
function machine(count: number, tops: number): Entry[] {
  const each = Math.ceil(count / tops);
  return Array.from({ length: count }, (_, index) => {
    const top = hex(Math.floor(index / each) * 16);
    const port = `/sys/devices/pci0000:${top}/0000:${top}:${hex((index % each) + 1)}.0`;
    const group = String(index % each === each - 1 ? index - 1 : index);
    return [
      entry(port, { bridge: true, usage: 'host', driver: 'pcieport' }),
      entry(`${port}/0000:${hex(index + 1)}:00.0`, {
        group,
        driver: 'vfio-pci',
        node: `vfio${count - index}`,
      }),
    ];
  })
    .flat()
    .sort((a, b) => comparePaths(a.syspath, b.syspath));
}

/** The names of the boxes that fit the pattern, from top to bottom. */
function column(svg: string, pattern: RegExp): string[] {
  const boxes = [
    ...svg.matchAll(
      /<g id="[^"]*" class="node">\n<title>([^<]*)<\/title>[\s\S]*?<text [^>]* y="(-?[\d.]+)"/g,
    ),
  ].map(([, title = '', y]) => ({ name: title.split(' ')[0] ?? '', y: Number(y) }));
  return boxes
    .filter(({ name }) => pattern.test(name))
    .sort((a, b) => a.y - b.y)
    .map(({ name }) => name);
}

async function isAscending(t: ExecutionContext, count: number, tops: number): Promise<void> {
  const svg = await renderSvg(buildGraph(machine(count, tops)), 'title');
  const bridges = column(svg, /^pci/);
  const devices = column(svg, /^0000:[0-9a-f]{2}:00\.0$/);
  t.deepEqual([bridges.length, devices.length], [tops, count]);
  for (const names of [bridges, devices]) t.deepEqual(names, names.toSorted(comparePaths));
}

for (const [count, tops] of [
  [2, 1],
  [13, 1],
  [40, 1],
  [40, 8],
  [254, 8],
] as const)
  test(`graph draws ${count} devices on ${tops} host ${tops === 1 ? 'bridge' : 'bridges'} in ascending order`, (t) =>
    isAscending(t, count, tops));

test('the drawing has a title, the tree as its description, and a title for each device', async (t) => {
  const device = entry('/sys/devices/pci0000:00/0000:01:00.0', {
    driver: 'vfio-pci',
    node: 'vfio3',
    label: 'A & <B>',
    links: ['/dev/vfio/pci/0000:01:00.0', '/dev/vfio/by-alias/gpu'],
    linksCorrect: true,
  });
  const svg = await renderSvg(buildGraph([device]), 'VFIO devices of <host>');
  t.regex(
    svg,
    /<svg role="img" [^>]*>\n<title>VFIO devices of &#60;host&#62;<\/title>\n<desc>pci0000:00\n└─ 0000:01:00\.0 ·/,
  );
  t.true(
    svg.includes(
      '<title>0000:01:00.0 · by-alias/gpu · A &#38; &#60;B&#62; · vfio-pci, vfio3 · pci/0000:01:00.0</title>',
    ),
  );
  t.notRegex(svg, /class="edge">\n<title>/);
  t.is(svg.match(/<title>VFIO devices/g)?.length, 1);
});

test('titles and the description contain no markup and no control characters of hostile text', async (t) => {
  for (const hostile of [
    '</title><script>',
    ']]>',
    '&lt;',
    '\u001b[2J\u202e',
    '"\\',
    '$&$1',
    '</desc>',
    '<title>x</title>\n',
  ]) {
    const device = entry('/sys/devices/pci0000:00/0000:01:00.0', {
      name: hostile,
      label: hostile,
      links: [`/dev/vfio/by-alias/${hostile}`],
      holders: [hostile],
    });
    const odd = entry(`/sys/devices/top/${hostile.replaceAll('/', '')}`);
    const svg = await renderSvg(buildGraph([device, odd]), hostile);
    t.notRegex(svg, /[\u0000-\u0008\u000b-\u001f\u007f\u202e]|<script/);
    const texts = [...svg.matchAll(/<(title|desc)>([\s\S]*?)<\/\1>/g)].map(([, , text = '']) => text);
    // The document, its description, two tops and two devices.
    t.is(texts.length, 6, hostile);
    for (const text of texts) t.notRegex(text, /[<>]|&(?!#\d+;|amp;|lt;|gt;|quot;|apos;)/, hostile);
  }
});

test('an alias is a line of its own in bold, in a box and in a cell of a grid', (t) => {
  const top = '/sys/devices/pci0000:00';
  const links = ['/dev/vfio/pci/x', '/dev/vfio/by-alias/gpu'];
  const single = formatDot(buildGraph([entry(`${top}/x`, { links })]), 'title');
  t.regex(single, /<b>by-alias\/gpu<\/b>/);
  const vfs = ['0', '1', '2'].map((vf) => entry(`${top}/v${vf}`, { pf: 'pf', vf, links }));
  t.is(formatDot(buildGraph(vfs), 'title').match(/<b>by-alias\/gpu<\/b>/g)?.length, 3);
});

/** Relative luminance and contrast ratio (WCAG 2.2, 1.4.3). */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

test('every text has a contrast of at least 4.5 to its background, on light and on dark paper', (t) => {
  const pairs = Object.values(stateStyles).flatMap(({ bgcolor, secondaryText, stateText }) =>
    [secondaryText, stateText, colours.text].map((text) => [text, bgcolor] as const),
  );
  pairs.push(
    [colours.text, colours.paper],
    [colours.faint, colours.paper],
    [colours.faint, colours.frameFill],
  );
  pairs.push([colours.text, colours.topFill]);
  for (const [text, background] of pairs) {
    t.true(contrast(text, background) >= 4.5, `${text} on ${background}`);
    const dark = [darkColours[text] ?? '', darkColours[background] ?? ''] as const;
    t.true(contrast(...dark) >= 4.5, `${dark.join(' on ')} (dark)`);
  }
});

test('every colour of a drawing has a dark counterpart', async (t) => {
  const usages = ['used', 'free', 'no-node', 'host', 'blocking', 'idle'] as const;
  const entries = usages.map((usage, index) =>
    entry(`/sys/devices/pci0000:00/0000:00:0${index}.0`, { usage, group: '1', driver: 'x', holders: ['y'] }),
  );
  const vfs = ['0', '1', '2'].map((vf) => entry(`/sys/devices/pci0000:00/v${vf}`, { pf: 'pf', vf }));
  const svg = await renderSvg(buildGraph([...entries, ...vfs]), 'title');
  const used = new Set(
    [...svg.matchAll(/ (?:fill|stroke)="(#[0-9a-f]{6})"/g)].map(([, colour = '']) => colour),
  );
  t.true(used.size > 15);
  t.deepEqual(
    [...used].filter((colour) => !(colour in darkColours)),
    [],
  );
  t.notRegex(svg, / (?:fill|stroke)="(?!#|none|transparent)[^"]/);
  t.regex(svg, /<style>@media \(prefers-color-scheme:dark\)\{/);
});
