import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { defaultPolicy } from '../../../../src/policy/policy.ts';
import { renderRules } from '../../../../src/udev/render.ts';
import { runCli } from '../../../support/cli.ts';
import { fakeRoot } from '../../../support/fake-root.ts';

const validate = new Ajv2020().compile(JSON.parse(readFileSync('src/cli/schemas/doctor.json', 'utf8')));

test('doctor prints warnings and exits with status 0 on a machine without VFIO', async (t) => {
  const { status, out, err } = await runCli(['doctor', '--root', fakeRoot(t).dir]);
  t.is(status, 0);
  t.deepEqual(err, []);
  t.regex(out, /^warning {2}devices {2}no device is bound to a VFIO driver\n {18}-> bind one/m);
  t.regex(
    out,
    /^ {21}echo vfio-pci > \/sys\/bus\/pci\/devices\/ADDRESS\/driver_override\n {21}echo ADDRESS > /m,
  );
  t.regex(out, /\n\d+ warnings\n$/);
});

test('doctor exits with status 1 if a check has an error', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '3', driver: 'vfio-pci' });
  root.add({ name: '0000:00:04.1', group: '3', driver: 'e1000e' });
  const { status, out } = await runCli(['doctor', '--root', root.dir]);
  t.is(status, 1);
  t.regex(out, /^error {4}groups {3}IOMMU group 3 is not viable: .*0000:00:04\.1 \(e1000e\)/m);
  t.regex(out, /^error {4}names {4}one finding of vfio-names verify$/m);
  t.regex(out, /^error {4}iommufd {2}there is no \/dev\/iommu/m);
  t.regex(out, /\n3 errors, \d+ warnings\n$/);
});

test('doctor breaks lines at the width of the terminal, below the message', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '3', driver: 'vfio-pci' });
  root.add({ name: '0000:00:04.1', group: '3', driver: 'e1000e' });
  const streams = { stdoutIsTty: true, columns: () => 60 };
  const { out } = await runCli(['doctor', '--no-color', '--root', root.dir], {}, streams);
  t.regex(
    out,
    /^error {4}groups {3}IOMMU group 3 is not viable: 0000:00:04\.0\n {18}is bound to VFIO, .*\n {18}.*\n(?: {18}.*\n)* {18}-> bind it to vfio-pci, too, or to no\n {21}driver$/m,
  );
});

test('doctor does not count a no-IOMMU group as an IOMMU group', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', devnum: false, group: '0', driver: 'vfio-pci' });
  root.write('/sys/kernel/iommu_groups/0/name', 'vfio-noiommu\n');
  root.write('/sys/class/vfio/noiommu-0/dev', '243:0\n');
  root.write('/proc/devices', 'Character devices:\n243 vfio\n244 vfio-dev\n\nBlock devices:\n');
  const { out } = await runCli(['doctor', '--root', root.dir]);
  t.regex(out, /^warning {2}iommu {4}no IOMMU group exists: devices are used without isolation$/m);
  t.regex(
    out,
    /^warning {2}devices {2}1 bound to VFIO drivers, 1 of them without an IOMMU: those have no isolation, /m,
  );
});

test('doctor exits with status 0 on a healthy machine', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '3', driver: 'vfio-pci' });
  root.linkTo('/dev/vfio/pci/0000:00:04.0', '/dev/vfio/devices/vfio0');
  root.node('/dev/iommu', '10:125');
  root.write('/proc/sys/kernel/osrelease', '7.2.13\n');
  root.write('/proc/net/unix', '0: 00000002 00000000 00010000 0005 01 1 /run/udev/control\n');
  root.write('/usr/lib/udev/rules.d/70-vfio-names.rules', renderRules('udev', defaultPolicy));
  root.write('/run/udev/data/c247:0', 'S:vfio/pci/0000:00:04.0\n');
  root.write('/proc/1/comm', 'init\n');
  root.write('/proc/cpuinfo', 'processor\t: 0\nvendor_id\t: GenuineIntel\n');
  const { status, out } = await runCli(['doctor', '--root', root.dir]);
  t.is(status, 0, out);
  t.regex(out, /created the one name with/);
  t.regex(out, /\nno problems found\n$/);
});

test('doctor --json prints a document that is valid against the schema', async (t) => {
  const root = fakeRoot(t);
  root.add({ name: '0000:00:04.0', sysname: 'vfio0', group: '3', driver: 'vfio-pci' });
  const { status, out } = await runCli(['doctor', '--json', '--root', root.dir]);
  t.is(status, 1);
  const document = JSON.parse(out);
  t.true(validate(document), JSON.stringify(validate.errors));
  t.is(
    document.errorCount,
    document.checks.filter((line: { severity: string }) => line.severity === 'error').length,
  );
});

test('doctor uses colour only on a terminal', async (t) => {
  const root = fakeRoot(t).dir;
  t.true((await runCli(['doctor', '--root', root], {}, { stdoutIsTty: true })).out.includes('\u001b['));
  t.false((await runCli(['doctor', '--root', root])).out.includes('\u001b['));
});

test('doctor reports an invalid policy, and runs the other checks', async (t) => {
  const root = fakeRoot(t);
  root.write('/etc/vfio-names/a.toml', 'scheme = "one"\n');
  const { status, out } = await runCli(['doctor', '--root', root.dir]);
  t.is(status, 1);
  t.regex(out, /^error {4}policy/m);
  t.regex(out, /^warning {2}devices/m);
});
