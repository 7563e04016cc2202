# The sets of devices a scenario may ask for (`# devices: SET`), as QEMU arguments.
# The shares of the lab itself sit at 00:10.0 and above; everything below is free.

# devices_of SET: sets the array `devices`.
devices_of() {
  case $1 in
    none)
      devices=()
      ;;
    one) # 0000:00:04.0, a group of its own
      devices=(-device e1000e,addr=04.0)
      ;;
    three) # 0000:00:04.0 to 06.0, each a group of its own
      devices=(-device e1000e,addr=04.0 -device e1000e,addr=05.0 -device e1000e,addr=06.0)
      ;;
    three-and-port) # the same, and an empty slot, bus rp0: what is plugged in there becomes 0000:01:00.0
      devices_of three
      devices+=(-device pcie-root-port,id=rp0,addr=07.0,slot=7)
      ;;
    same-serial) # 0000:00:04.0 and 05.0 with one serial number, which e1000e derives from the MAC address
      devices=(
        -device e1000e,addr=04.0,mac=52:54:00:12:34:56
        -device e1000e,addr=05.0,mac=52:54:00:12:34:56
      )
      ;;
    twins) # 0000:00:04.0 and 04.1, two functions without isolation and so in one group
      devices=(-device nvme,serial=one,addr=04.0,multifunction=on -device nvme,serial=two,addr=04.1)
      ;;
    two-pairs) # two disk controllers, 0000:00:04.0 and 05.0, and two network cards, 0000:00:06.0 and 07.0, each alike
      devices=(
        -device nvme,serial=one,addr=04.0 -device nvme,serial=two,addr=05.0
        -device e1000e,addr=06.0 -device e1000e,addr=07.0
      )
      ;;
    disk-and-network) # a disk with one partition, 0000:00:04.0, which QEMU makes of a directory, and two network cards
      devices=(
        -drive "if=none,id=disk,format=raw,readonly=on,file=fat:$here/policies" -device nvme,serial=one,drive=disk,addr=04.0
        -device e1000e,addr=06.0 -device e1000e,addr=07.0
      )
      ;;
    root-disk) # the disk with the guest's root, 0000:00:04.0, and two network cards, 0000:00:06.0 and 07.0
      devices=(
        -drive "if=none,id=root,format=raw,snapshot=on,file=$(guest_disk)" -device nvme,serial=root,drive=root,addr=04.0
        -device e1000e,addr=06.0 -device e1000e,addr=07.0
      )
      ;;
    card-and-port) # a network card, 0000:00:06.0, and an empty slot, bus rp0, whose hot plug the kernel's pciehp handles: 0000:01:00.0
      devices=(
        -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
        -device e1000e,addr=06.0 -device pcie-root-port,id=rp0,addr=07.0,slot=7
      )
      ;;
    bridge) # 0000:02:01.0 and 0000:02:02.0, conventional PCI: two functions in one group
      devices=(
        -device pcie-root-port,id=rp0,addr=06.0,slot=6
        -device pcie-pci-bridge,id=br0,bus=rp0
        -device e1000,bus=br0,addr=01.0 -device e1000,bus=br0,addr=02.0
      )
      ;;
    mixed) # 0000:02:01.0 (no driver in the kernel) and 0000:02:02.0 (virtio-pci) in one group
      devices=(
        -device pcie-root-port,id=rp0,addr=06.0,slot=6
        -device pcie-pci-bridge,id=br0,bus=rp0
        -device e1000,bus=br0,addr=01.0 -device virtio-rng-pci,bus=br0,addr=02.0
      )
      ;;
    groups) # 0000:00:04.0 alone; 0000:02:01.0 and 02.0 in one group with their bridges; 0000:03:00.0 with virtual functions; an empty slot, bus rp2
      devices_of bridge
      devices+=(
        -device e1000e,addr=04.0
        -device pcie-root-port,id=rp1,addr=07.0,slot=7
        -device nvme-subsys,id=s0
        -device "nvme,serial=lab,subsys=s0,bus=rp1,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=10"
        -device pcie-root-port,id=rp2,addr=08.0,slot=8
      )
      ;;
    sriov) # 0000:01:00.0, which can have 127 virtual functions
      devices=(
        -device pcie-root-port,id=rp0,addr=06.0,slot=6
        -device nvme-subsys,id=s0
        -device "nvme,serial=lab,subsys=s0,bus=rp0,sriov_max_vfs=127,sriov_vq_flexible=254,sriov_vi_flexible=127,max_ioqpairs=256,msix_qsize=256"
      )
      ;;
    sriov-twice) # the same, and 0000:02:00.0, which can have 127 of its own
      devices_of sriov
      devices+=(
        -device pcie-root-port,id=rp1,addr=07.0,slot=7
        -device nvme-subsys,id=s1
        -device "nvme,serial=lab2,subsys=s1,bus=rp1,sriov_max_vfs=127,sriov_vq_flexible=254,sriov_vi_flexible=127,max_ioqpairs=256,msix_qsize=256"
      )
      ;;
    sriov-four-times) # 0000:01:00.0 to 0000:04:00.0, each of which can have 127 of its own
      devices_of sriov-twice
      local more
      for more in 2 3; do
        devices+=(
          -device "pcie-root-port,id=rp$more,addr=0$((more + 6)).0,slot=$((more + 6))"
          -device "nvme-subsys,id=s$more"
          -device "nvme,serial=lab$((more + 1)),subsys=s$more,bus=rp$more,sriov_max_vfs=127,sriov_vq_flexible=254,sriov_vi_flexible=127,max_ioqpairs=256,msix_qsize=256"
        )
      done
      ;;
    sriov-and-one) # 0000:01:00.0 with virtual functions, and 0000:00:04.0
      devices_of sriov
      devices+=(-device e1000e,addr=04.0)
      ;;
    slot) # a card behind a root port: 0000:01:00.0
      devices=(-device pcie-root-port,id=rp0,addr=06.0,slot=6 -device e1000e,bus=rp0)
      ;;
    slot-behind-bridge) # the same card, and two bridges before it that take bus numbers: 0000:03:00.0
      devices=(
        -device pcie-root-port,id=rp1,addr=05.0,slot=5 -device pcie-pci-bridge,id=br1,bus=rp1
        -device pcie-root-port,id=rp0,addr=06.0,slot=6 -device e1000e,bus=rp0
      )
      ;;
    port) # an empty slot, bus rp0: what is plugged in there becomes 0000:01:00.0
      devices=(-device pcie-root-port,id=rp0,addr=06.0,slot=6)
      ;;
    *)
      die "no set of devices is called '$1'; they are listed in test/integration/vm/lib/devices.sh"
      ;;
  esac
}
