import { spawnSync } from 'node:child_process';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { projectText } from '../lines.ts';
import { machine, runOn } from '../machine.ts';

const playbook = 'packaging/ansible/vfio-names.yml';
const text = projectText(playbook);

test('the tasks for Ansible expect the statuses and the document of the commands that they run', async (t) => {
  const root = machine(t);
  const lines = [...text.matchAll(/command: "{{ vfio_names }} (.*)"/g)].map(
    ([, line = '']) => `vfio-names ${line}`,
  );
  t.deepEqual(lines, ['vfio-names plan', 'vfio-names sync --json']);
  const statuses = async (): Promise<number[]> => [(await runOn(root, 'vfio-names plan')).status];
  t.regex(text, /changed_when: vfio_names_plan\.rc == 6\n +failed_when: vfio_names_plan\.rc not in \[0, 6\]/);
  t.deepEqual(await statuses(), [6]);
  t.is(JSON.parse((await runOn(root, 'vfio-names sync --json')).out).changed, true);
  t.is(JSON.parse((await runOn(root, 'vfio-names sync --json')).out).changed, false);
  t.deepEqual(await statuses(), [0]);
  unlinkSync(root.at('/dev/vfio/pci/0000:01:00.0'));
  root.write('/dev/vfio/pci/0000:01:00.0', '');
  t.deepEqual(await statuses(), [1]);
});

const ansible = process.env['VFIO_NAMES_ANSIBLE'] ?? 'ansible-playbook';
const hasAnsible = spawnSync(ansible, ['--version']).status === 0;

(hasAnsible ? test : test.skip)('ansible-playbook reports changes, then none, then a failure', (t) => {
  const root = machine(t);
  const program = `node ${join(import.meta.dirname, '../../../dist/vfio-names.cjs')} --host-root ${root.dir}`;
  const play = (...more: readonly string[]): string => {
    const variables = ['-e', `vfio_names='${program}'`, '-e', 'vfio_names_become=false'];
    const args = ['-i', 'localhost,', '-c', 'local', ...variables, ...more, playbook];
    const { stdout } = spawnSync(ansible, args, {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../../..'),
    });
    return /^localhost .*$/m.exec(stdout)?.[0] ?? stdout;
  };
  t.regex(play('--check'), /ok=1 +changed=1 .*failed=0/);
  t.regex(play(), /ok=2 +changed=2 .*failed=0/);
  t.regex(play(), /ok=1 +changed=0 .*failed=0 +skipped=1/);
  unlinkSync(root.at('/dev/vfio/pci/0000:01:00.0'));
  root.write('/dev/vfio/pci/0000:01:00.0', '');
  t.regex(play(), /changed=0 .*failed=1/);
});
