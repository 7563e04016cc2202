# A device that is not in use: probe opens it without a reset; probe --bind claims it, prints its regions and interrupts,
# and releases it.
# kernels: both
# devices: one
. /project/test/integration/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
before=$(resets)
run vfio_names probe --all
check "probe --all reports the device as openable" exited 0 "$address: can be opened: /dev/vfio/devices/"
run vfio_names probe /dev/vfio/pci/$address 0000:7f:00.0
check "probe accepts a link and exits with status 3 for an unknown device" \
  exited 3 "$address: can be opened" "vfio-names: expected a device bound to VFIO, found none called 0000:7f:00.0"
run vfio_names probe --bind $address
check "probe --bind exits with status 2 without --yes and without a terminal" exited 2 "which resets $address"
check "the device was not reset so far" same "$(resets)" "$before"

run vfio_names probe --json --bind --attach --yes $address
check "probe --bind claims the device after a warning" exited 0 "--bind claims and resets $address"
check "probe --bind reset the device" not same "$(resets)" "$before"
facts 'p.openable && p.regionCount === 9 && p.irqCount === 5 && p.flags.join() === "reset,pci"' \
  'p.regions.some((r) => r.region === "config" && r.size >= 256 && r.flags.includes("read") && r.flags.includes("write"))' \
  'p.regions.some((r) => r.region === "bar0" && r.size === 0x20000 && r.flags.includes("mmap"))' \
  'p.regions.every((r) => r.region !== "vga")' \
  'p.regions.some((r) => r.capabilities.some((c) => c.capability === "msix-mappable"))' \
  'p.irqs.some((i) => i.irq === "msix" && i.count === 5 && i.flags.includes("eventfd"))' \
  'p.irqs.some((i) => i.irq === "intx" && i.count === 1 && i.flags.includes("maskable"))' \
  'p.attached === true'
check "probe --bind reports flags reset and pci, 9 regions and 5 irqs for an e1000e" same "${fact[0]}" true
check "the configuration space is readable and writable" same "${fact[1]}" true
check "BAR 0 has its size and can be mapped" same "${fact[2]}" true
check "no VGA region is reported" same "${fact[3]}" true
check "the BAR with the MSI-X table has the capability msix-mappable" same "${fact[4]}" true
check "MSI-X has 5 interrupts with eventfd" same "${fact[5]}" true
check "INTx can be masked" same "${fact[6]}" true
check "the device was attached to an I/O address space" same "${fact[7]}" true

run vfio_names probe --bind --yes $address
check "a second probe --bind succeeds and its text output has the same values" \
  exited 0 "$address: can be opened" "flags reset pci; 9 regions, 5 irqs" "bar0" "0x20000" "msix"
check "unbind does not wait for a process" timeout 60 bash -c "echo $address >$pci/$address/driver/unbind"
run vfio_names probe $address
check "probe exits with status 3 after unbind" exited 3
