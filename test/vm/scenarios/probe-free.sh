# A free device: the harmless probe opens it and resets nothing; --bind takes it, tells what it has,
# and lets it go.
# kernels: both
# devices: one
. /project/test/vm/guest/probe.sh

address=0000:00:04.0
check "bind" bind $address
settle
before=$(resets)
run vfio_names probe --all
check "a probe of all finds it openable" gave 0 "$address: openable: /dev/vfio/devices/"
run vfio_names probe /dev/vfio/pci/$address 0000:7f:00.0
check "its link will do, and a name that is not there is status 3" \
  gave 3 "$address: openable" "0000:7f:00.0: not openable: expected a device bound to VFIO"
run vfio_names probe --bind $address
check "without --yes and without a terminal --bind is refused" gave 2 "which resets $address"
check "none of that resets it" same "$(resets)" "$before"

run vfio_names probe --json --bind --attach --yes $address
check "--bind takes it, after a warning" gave 0 "--bind takes and resets $address"
check "that has reset it" not same "$(resets)" "$before"
facts 'p.openable && p.numRegions === 9 && p.numIrqs === 5 && p.flags.join() === "reset,pci"' \
  'p.regions.some((r) => r.region === "config" && r.size >= 256 && r.flags.includes("read") && r.flags.includes("write"))' \
  'p.regions.some((r) => r.region === "bar0" && r.size === 0x20000 && r.flags.includes("mmap"))' \
  'p.regions.every((r) => r.region !== "vga")' \
  'p.regions.some((r) => r.capabilities.some((c) => c.capability === "msix-mappable"))' \
  'p.irqs.some((i) => i.irq === "msix" && i.count === 5 && i.flags.includes("eventfd"))' \
  'p.irqs.some((i) => i.irq === "intx" && i.count === 1 && i.flags.includes("maskable"))' \
  'p.attached === true'
check "it tells what an e1000e has: flags reset and pci, 9 regions, 5 irqs" same "${fact[0]}" true
check "the configuration space can be read and written" same "${fact[1]}" true
check "BAR 0 has its size and can be mapped" same "${fact[2]}" true
check "there is no VGA region" same "${fact[3]}" true
check "the BAR with the MSI-X table has its capability" same "${fact[4]}" true
check "MSI-X has 5 interrupts by eventfd" same "${fact[5]}" true
check "INTx can be masked" same "${fact[6]}" true
check "it was attached to an I/O address space" same "${fact[7]}" true

run vfio_names probe --bind --yes $address
check "afterwards it is free, and people read the same" \
  gave 0 "$address: openable" "flags reset pci; 9 regions, 5 irqs" "bar0" "0x20000" "msix"
check "nobody waits for it: unbind" timeout 60 bash -c "echo $address >$pci/$address/driver/unbind"
run vfio_names probe $address
check "a device that is not bound is not there" gave 3
