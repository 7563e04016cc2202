/** What a device without a label is: its class and its ids, or the type of a mediated device. */
import { readFact } from '../../devices/facts.ts';
import type { Device, Facts } from '../../devices/types.ts';
import { tryOrUndefined } from '../../errors.ts';
import { describeEntry } from '../../graph/words.ts';
import type { Machine } from '../../links/observe.ts';
import { pathBelow } from '../../system/root-path.ts';

type Ids = Pick<Facts, 'vendor' | 'device' | 'class' | 'mdevType'>;

/** `pci:v00008086d00001572sv...sd...bc02sc00i00` (pci_uevent in drivers/pci/pci-driver.c). */
const PCI_MODALIAS =
  /^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})sv[0-9A-F]{8}sd[0-9A-F]{8}bc([0-9A-F]{2})sc([0-9A-F]{2})i([0-9A-F]{2})$/;

/** Reads what `describeIds` needs: of a PCI device, from one file where possible, since there may be thousands of devices. */
export function readIds({ files, root }: Pick<Machine, 'files' | 'root'>, device: Device): Ids {
  const read = (fact: keyof Ids) => readFact(files, root, device, fact);
  if (device.bus !== 'pci') {
    const mdevType = read('mdevType');
    return mdevType === undefined ? {} : { mdevType };
  }
  const modalias =
    tryOrUndefined(() => files.read(pathBelow(root, `${device.syspath}/modalias`), 4096)) ?? '';
  const [, vendor, product, base, sub, interfaceCode] = PCI_MODALIAS.exec(modalias.trimEnd()) ?? [];
  if (vendor !== undefined && product !== undefined)
    return {
      vendor: `0x${vendor.toLowerCase()}`,
      device: `0x${product.toLowerCase()}`,
      class: `0x${base}${sub}${interfaceCode}`.toLowerCase(),
    };
  const [ownVendor, ownDevice, code] = [read('vendor'), read('device'), read('class')];
  return {
    ...(ownVendor !== undefined && { vendor: ownVendor }),
    ...(ownDevice !== undefined && { device: ownDevice }),
    ...(code !== undefined && { class: code }),
  };
}

/** `8086:1572 network controller`, or the type of a mediated device; `undefined` if nothing is known. */
export function describeIds({ vendor, device, class: code, mdevType }: Ids): string | undefined {
  if (mdevType !== undefined) return mdevType;
  const text = code === undefined ? undefined : describeEntry({ class: code, bus: 'pci' });
  const ids =
    vendor === undefined || device === undefined ? undefined : `${vendor.slice(2)}:${device.slice(2)}`;
  return [ids, text].filter((part) => part !== undefined).join(' ') || undefined;
}

/** `NVIDIA AD102 [GeForce RTX 4090]`: the label without what every company is called. */
export function shortLabel(label: string): string {
  return label.replace(
    /(?<=\S),? (?:Corporation|Corp\.?|Incorporated|Inc\.?|Co\.,? ?Ltd\.?|Limited|Ltd\.?|LLC|GmbH)(?=[ ,]|$)/g,
    '',
  );
}
