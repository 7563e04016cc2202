# The serial number in a device's configuration space is a fact, and by-serial names by it.
# kernels: both
# devices: one

one=0000:00:04.0

check "bind it" bind $one
settle
# QEMU's e1000e makes it of its MAC address, 52:54:00:12:34:56 (net/e1000e.c).
check "show tells the serial number" contains '"serial": "52-54-00-ff-ff-12-34-56"' vfio_names show $one --json
mkdir -p /run/vfio-names
printf '[names]\nby-serial = true\n' >/run/vfio-names/10-test.toml
check "sync makes the name" vfio_names sync
check "the name leads to its node" \
  same "$(stat -L -c %t:%T /dev/vfio/by-serial/52-54-00-ff-ff-12-34-56.0)" "$(stat -L -c %t:%T /dev/vfio/pci/$one)"
