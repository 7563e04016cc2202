# Creates a sysfs with VFIO devices on every kind of bus and parent, for `udevadm test`.

# device BUS DIRECTORY [ATTRIBUTE=VALUE...]: creates a device on a bus; `driver=` is a link, other attributes are files.
device() {
  local bus=$1 directory=$sys/devices/$2 pair
  mkdir -p "$directory" "$sys/bus/$bus/devices" "$sys/bus/$bus/drivers"
  : >"$directory/uevent"
  ln -sfnr "$sys/bus/$bus" "$directory/subsystem"
  ln -sfnr "$directory" "$sys/bus/$bus/devices/${2##*/}"
  for pair in "${@:3}"; do
    if [[ $pair == driver=* ]]; then
      mkdir -p "$sys/bus/$bus/drivers/${pair#*=}"
      ln -sfnr "$sys/bus/$bus/drivers/${pair#*=}" "$directory/driver"
    else
      printf '%s\n' "${pair#*=}" >"$directory/${pair%%=*}"
    fi
  done
}

# pci DIRECTORY [ATTRIBUTE=VALUE...]: creates a PCI device with the usual attributes; given values replace the defaults.
pci() {
  device pci "$1" vendor=0x8086 device=0x10d3 subsystem_vendor=0x8086 subsystem_device=0x0000 \
    class=0x020000 revision=0x01 numa_node=-1 "${@:2}"
}

# bind DIRECTORY NAME [MINOR]: adds a VFIO device NAME to the device; without MINOR it has no node.
bind() {
  local directory=$sys/devices/$1/vfio-dev/$2
  mkdir -p "$directory" "$sys/class/vfio-dev"
  ln -sfnr "$sys/class/vfio-dev" "$directory/subsystem"
  ln -sfnr "$directory" "$sys/class/vfio-dev/$2"
  ln -sfnr "$sys/devices/$1" "$directory/device"
  : >"$directory/uevent"
  (($# > 2)) || return 0
  echo "247:$3" >"$directory/dev"
  printf 'MAJOR=247\nMINOR=%s\nDEVNAME=vfio/devices/%s\n' "$3" "$2" >"$directory/uevent"
}

# group NUMBER DIRECTORY...: creates an IOMMU group with these devices.
group() {
  local devices=$sys/kernel/iommu_groups/$1/devices directory
  mkdir -p "$devices"
  for directory in "${@:2}"; do ln -sfnr "$sys/devices/$directory" "$devices/${directory##*/}"; done
}

# group_node NUMBER: registers a group with VFIO.
group_node() {
  local directory=$sys/devices/virtual/vfio/$1
  mkdir -p "$directory" "$sys/class/vfio"
  ln -sfnr "$sys/class/vfio" "$directory/subsystem"
  ln -sfnr "$directory" "$sys/class/vfio/$1"
  echo "243:$1" >"$directory/dev"
  printf 'MAJOR=243\nMINOR=%s\nDEVNAME=vfio/%s\n' "$1" "$1" >"$directory/uevent"
}

# misc NAME MINOR: creates a device of class misc, such as /dev/iommu.
misc() {
  local directory=$sys/devices/virtual/misc/$1
  mkdir -p "$directory" "$sys/class/misc"
  ln -sfnr "$sys/class/misc" "$directory/subsystem"
  ln -sfnr "$directory" "$sys/class/misc/$1"
  echo "10:$2" >"$directory/dev"
  printf 'MAJOR=10\nMINOR=%s\nDEVNAME=%s\n' "$2" "$1" >"$directory/uevent"
}

uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

# fake_sysfs DIRECTORY: creates the whole tree.
fake_sysfs() {
  local sys=$1 root=pci0000:00
  pci $root/0000:00:01.0 driver=pcieport class=0x060400
  pci $root/0000:00:01.0/0000:01:00.0 driver=vfio-pci numa_node=1 vendor=0x10de
  bind $root/0000:00:01.0/0000:01:00.0 vfio0 0
  pci $root/0000:00:01.0/0000:01:00.1 driver=vfio-pci
  ln -sfn ../0000:01:00.0 "$sys/devices/$root/0000:00:01.0/0000:01:00.1/physfn"
  ln -sfn ../0000:01:00.1 "$sys/devices/$root/0000:00:01.0/0000:01:00.0/virtfn0"
  bind $root/0000:00:01.0/0000:01:00.1 vfio1 1
  # A platform device below a PCI device.
  pci $root/0000:00:15.0 driver=intel-lpss
  device platform $root/0000:00:15.0/lpss.0 driver=vfio-platform
  bind $root/0000:00:15.0/lpss.0 vfio2 2
  # A PCI device below a host bridge that is a platform device.
  device platform platform/40000000.pcie driver=pci-host-generic
  pci platform/40000000.pcie/pci0002:00/0002:00:01.0 driver=vfio-pci
  bind platform/40000000.pcie/pci0002:00/0002:00:01.0 vfio3 3
  # A domain of five digits behind a VMD controller.
  pci $root/0000:00:0e.0 driver=vmd
  pci $root/0000:00:0e.0/pci10000:e0/10000:e0:01.0 driver=pcieport class=0x060400
  pci $root/0000:00:0e.0/pci10000:e0/10000:e0:01.0/10000:e1:00.0 driver=vfio-pci
  bind $root/0000:00:0e.0/pci10000:e0/10000:e0:01.0/10000:e1:00.0 vfio4 4
  # An mdev below a PCI device that is itself bound to vfio-pci.
  pci $root/0000:00:02.0 driver=vfio-pci vendor=0x1af4
  bind $root/0000:00:02.0 vfio11 11
  device mdev $root/0000:00:02.0/$uuid driver=vfio_mdev
  bind $root/0000:00:02.0/$uuid vfio5 5
  device amba platform/soc/2c0f0000.dma driver=vfio-amba
  bind platform/soc/2c0f0000.dma vfio6 6
  device platform platform/soc/80c000000.fsl-mc driver=fsl_mc_dprc
  device fsl-mc platform/soc/80c000000.fsl-mc/dprc.1 driver=fsl_mc_dprc
  device fsl-mc platform/soc/80c000000.fsl-mc/dprc.1/dprc.2 driver=vfio-fsl-mc
  bind platform/soc/80c000000.fsl-mc/dprc.1/dprc.2 vfio7 7
  device cdx platform/cdx/cdx-00:01 driver=vfio-cdx
  bind platform/cdx/cdx-00:01 vfio8 8
  # An unknown bus below a PCI device.
  pci $root/0000:00:03.0 driver=strange
  device newbus $root/0000:00:03.0/strange0 driver=vfio-strange
  bind $root/0000:00:03.0/strange0 vfio9 9
  # No node: a kernel without VFIO_DEVICE_CDEV, and a device without an IOMMU; the last one has a node, as in a later kernel.
  pci $root/0000:00:04.0 driver=vfio-pci
  bind $root/0000:00:04.0 vfio10
  pci $root/0000:00:05.0 driver=vfio-pci
  bind $root/0000:00:05.0 noiommu-vfio0
  pci $root/0000:00:06.0 driver=vfio-pci
  bind $root/0000:00:06.0 noiommu-vfio1 12
  misc iommu 120
  group 7 $root/0000:00:01.0/0000:01:00.0
  group_node 7
  group 14 $root/0000:00:01.0/0000:01:00.1
  group 20 $root/0000:00:15.0/lpss.0 $root/0000:00:02.0 platform/40000000.pcie/pci0002:00/0002:00:01.0
}
