/** open() of the library on a given system. */
import { readFacts } from '../devices/facts.ts';
import { findOneDevice } from '../devices/find-one.ts';
import { deviceKey } from '../devices/groups.ts';
import { typedFacts } from '../devices/typed-facts.ts';
import type { Device } from '../devices/types.ts';
import { exitStatus, tryOrUndefined, VfioNamesError } from '../errors.ts';
import { openDevice } from '../exec/open-device.ts';
import { planAccess } from '../links/access.ts';
import { findByNameOrPath } from '../links/find.ts';
import { namedGroups } from '../links/group-access.ts';
import { bindMachine } from '../links/machine.ts';
import { type Machine, type Observation, observe } from '../links/observe.ts';
import { resolveDevice } from '../links/resolve.ts';
import { skippedDevices } from '../links/skipped.ts';
import { deviceLinks, verifiedStates } from '../links/state.ts';
import { sync } from '../links/sync.ts';
import { verify } from '../links/verify.ts';
import { loadPolicy } from '../policy/load.ts';
import { nodesBelow } from '../system/files-below.ts';
import { type Root, rootFrom } from '../system/root-path.ts';
import type { System } from '../system/system.ts';
import { printable } from '../text/printable.ts';
import { inLibraryTerms, inLibraryTermsAsync, libraryText } from './terms.ts';
import type { ListedDevice, OpenDeviceOptions, OpenedDevice, OpenOptions, Plan, VfioNames } from './types.ts';
import { startWatch } from './watch.ts';

const OPEN_TIMEOUT = 5;

/** `root` and `hostRoot` are absolute. Throws `usage` (status 2) for both, or if there is no such directory, and what loadPolicy() throws. */
export async function openMachine(system: System, options: OpenOptions): Promise<VfioNames> {
  const root = rootOf(system, options);
  const isForeign = options.root !== undefined && root !== '';
  const files = root === '' ? system.files : await system.filesBelow(root);
  const nodes = root === '' ? system.nodes : nodesBelow(system.nodes, files, root);
  const load = (): Promise<Machine> =>
    inLibraryTermsAsync(async () =>
      bindMachine(files, root, await loadPolicy(files, root, options.policy, true), isForeign),
    );
  const machine = await load();
  const findOne = (name: string): Device => findByNameOrPath(machine, observe(machine), name);
  const locate = (name: string): Device => findOneDevice(files, root, name) ?? findOne(name);
  return {
    list: () => inLibraryTerms(() => listDevices(machine)),
    find: (name) =>
      inLibraryTerms(() => {
        const device = findOne(name);
        const [found] = listDevices(machine, device);
        if (found) return found;
        throw new VfioNamesError('device-changed', exitStatus.noDevice, `${device.name} was removed`, {
          hint: 'try again',
          device: device.name,
        });
      }),
    resolve: (name) => inLibraryTerms(() => resolveDevice(files, root, locate(name))),
    openDevice: (name, { timeout = OPEN_TIMEOUT }: OpenDeviceOptions = {}) =>
      inLibraryTermsAsync(async () => {
        if (isForeign) throw foreignTree(root);
        const device = locate(name);
        const fd = await openDevice({ files, root, nodes, timeout }, device);
        return opened(device, fd, () => nodes.close(fd));
      }),
    plan: () =>
      inLibraryTerms(() => {
        const observation = observe(machine);
        const access = isForeign
          ? []
          : planAccess(machine, observation.scan.devices, namedGroups(observation));
        return { changes: observation.changes, access, ...reported(observation) };
      }),
    sync: () =>
      inLibraryTerms(() => {
        const { outcomes, access, stable, observation } = sync(machine, system.process.token());
        return { outcomes, access, stable, ...reported(observation) };
      }),
    verify: () =>
      inLibraryTerms(() =>
        verify(machine).findings.map((finding) => ({ ...finding, remedy: libraryText(finding.remedy) })),
      ),
    watch: (watchOptions = {}) => startWatch({ ...system, files }, load, watchOptions),
  };
}

function listDevices(machine: Machine, only?: Device): ListedDevice[] {
  const { files, root } = machine;
  const verification = verify(machine);
  const states = verifiedStates(verification);
  return [...deviceLinks(verification.observation).values()]
    .filter(({ device }) => only === undefined || device.syspath === only.syspath)
    .map(({ device, links }) => ({
      ...typedFacts(readFacts(files, root, device)),
      links,
      state: states.get(deviceKey(device)) ?? 'ok',
    }));
}

function reported(observation: Observation): Pick<Plan, 'conflicts' | 'skipped' | 'problems'> {
  return {
    conflicts: observation.assignment.conflicts,
    skipped: skippedDevices(observation).map((device) => ({
      ...device,
      message: libraryText(device.message),
    })),
    problems: observation.scan.problems,
  };
}

function opened(device: Device, fd: number, close: () => void): OpenedDevice {
  let isOpen = true;
  return {
    device,
    fd,
    close: () => {
      // The number may belong to another file by now.
      if (isOpen) close();
      isOpen = false;
    },
  };
}

function rootOf({ files }: System, { root, hostRoot }: OpenOptions): Root {
  if (root !== undefined && hostRoot !== undefined)
    throw new VfioNamesError('usage', exitStatus.usage, 'expected root or hostRoot, found both');
  const directory = rootFrom(root ?? hostRoot ?? '');
  if (directory === '') return directory;
  const found = tryOrUndefined(() => files.stat(directory))?.kind;
  if (found === 'directory') return directory;
  throw new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected a directory at the root ${printable(directory)}, found ${found === undefined ? 'nothing' : `a ${found}`}`,
    { path: directory },
  );
}

function foreignTree(root: Root): VfioNamesError {
  return new VfioNamesError(
    'usage',
    exitStatus.usage,
    `expected this machine's own tree, found the root ${printable(root)}, below which no device is opened`,
    { hint: "use hostRoot if it is this machine's own tree", path: root },
  );
}
