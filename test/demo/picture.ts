/** Draws the output of `vfio-names list` on the sample machine, for the README. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../support/cli.ts';
import { fakeFiles } from '../support/fake-root.ts';
import { buildSample } from './sample.ts';
import { dark, drawTerminal, light } from './terminal-svg.ts';

const columns = 100;

/** Returns the pictures by their paths. */
export async function drawPictures(): Promise<Readonly<Record<string, string>>> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'vfio-names-picture-'));
  try {
    buildSample(dir);
    fs.unlinkSync(`${dir}/dev/vfio/pci/0000:02:00.0`);
    await runCli(['sync', '--host-root', dir], { files: fakeFiles });
    fs.unlinkSync(`${dir}/dev/vfio/pci/0000:01:00.3`);
    fs.symlinkSync('../devices/vfio0', `${dir}/dev/vfio/pci/0000:01:00.3`);
    const { status, out } = await runCli(
      ['list', '--host-root', dir],
      { files: fakeFiles },
      { stdoutIsTty: true, columns: () => columns },
    );
    if (status !== 0) throw new Error(`expected exit status 0 of list, found ${status}`);
    const lines = ['$ vfio-names list', ...out.trimEnd().split('\n')];
    const title =
      'The output of vfio-names list: each VFIO device with its name, its driver, its IOMMU group and its state';
    const draw = (palette: typeof light): string => drawTerminal(lines, title, columns, palette);
    return { 'test/demo/list-light.svg': draw(light), 'test/demo/list-dark.svg': draw(dark) };
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
