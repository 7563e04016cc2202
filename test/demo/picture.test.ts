import test from 'ava';
import { projectText } from '../docs/lines.ts';
import { drawPictures } from './picture.ts';
import { drawTerminal, light, runsOf } from './terminal-svg.ts';

test('the pictures of the README show what list prints now', async (t) => {
  const drawn = await drawPictures();
  t.deepEqual(Object.keys(drawn), ['test/demo/list-light.svg', 'test/demo/list-dark.svg']);
  for (const [path, svg] of Object.entries(drawn)) {
    t.is(projectText(path), svg, `${path}: run npm run picture, and look at the result`);
    t.true(projectText('README.md').includes(`"${path}"`), path);
  }
});

test('a line is split into columns, with the colours of its escape sequences', (t) => {
  t.deepEqual(runsOf('pci/a  vfio-pci   \u001b[31mwrong link\u001b[39m [1]'), [
    { text: 'pci/a', column: 0, colour: 'text' },
    { text: 'vfio-pci', column: 7, colour: 'text' },
    { text: 'wrong link', column: 18, colour: 'red' },
    { text: '[1]', column: 29, colour: 'text' },
  ]);
});

test('the drawing of a terminal contains no text as markup', (t) => {
  const svg = drawTerminal(['<b> & "'], 'a < b', 10, light);
  t.true(svg.includes('>&lt;b&gt; &amp; &quot;</text>'));
  t.true(svg.includes('<title>a &lt; b</title>'));
});
