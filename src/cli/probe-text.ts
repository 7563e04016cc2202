/** Formats probes as text. */
import type { Capability, Details } from '../probe/details.ts';
import type { ProbeResult } from '../probe/probe.ts';
import { printable } from '../text/printable.ts';
import { formatTable } from './table.ts';

/** One line per device, `0000:01:00.0: openable: /dev/vfio/devices/vfio3`, followed by its regions and irqs. */
export function probeText(probe: ProbeResult): string {
  const name = printable(probe.device?.name ?? probe.requested);
  if (!probe.openable)
    return `${name}: not openable: ${[probe.cause, probe.remedy].filter(Boolean).join('; ')}\n`;
  const through = probe.depth === 'group' ? `group ${probe.group}` : printable(probe.node ?? '');
  const line = `${name}: openable: ${through}\n`;
  return probe.details ? line + detailsText(probe.details) : line;
}

function detailsText(details: Details): string {
  const { flags, regionCount, irqCount, regions, irqs, attached } = details;
  const head = `flags ${flags.join(' ') || 'none'}; ${regionCount} regions, ${irqCount} irqs${attached ? '; attached to an I/O address space' : ''}\n`;
  const regionRows = regions.map(({ index, name, size, flags: bits, capabilities }) => [
    `${index}`,
    name ?? '',
    size === 0 ? '-' : `0x${size.toString(16)}`,
    bits.join(' '),
    capabilities.map(capabilityText).join(' '),
  ]);
  const irqRows = irqs.map(({ index, name, count, flags: bits }) => [
    `${index}`,
    name ?? '',
    `${count}`,
    bits.join(' '),
  ]);
  const text =
    head +
    (regionRows.length > 0
      ? formatTable(['REGION', 'NAME', 'SIZE', 'FLAGS', 'CAPABILITIES'], regionRows)
      : '') +
    (irqRows.length > 0 ? formatTable(['IRQ', 'NAME', 'COUNT', 'FLAGS'], irqRows) : '');
  return text.replace(/^(?=.)/gm, '  ');
}

function capabilityText({ id, name, areas, type, subtype }: Capability): string {
  const label = name ?? `cap${id}`;
  if (areas)
    return `${label}:${areas.map(({ offset, size }) => `0x${offset.toString(16)}+0x${size.toString(16)}`).join(',')}`;
  return type === undefined ? label : `${label}:${type}/${subtype}`;
}
