/** `npm run picture`: writes the pictures of the README. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { drawPictures } from './picture.ts';

async function writePictures(): Promise<void> {
  for (const [path, svg] of Object.entries(await drawPictures()))
    fs.writeFileSync(join(import.meta.dirname, '../..', path), svg);
}

void writePictures();
