# The serial number in a device's configuration space is a fact, and by-serial links use it.
# kernels: both
# devices: one

address=0000:00:04.0

check "bind" bind $address
settle
# QEMU's e1000e derives it from its MAC address, 52:54:00:12:34:56 (net/e1000e.c).
check "show prints the serial number" contains '"serial": "52-54-00-ff-ff-12-34-56"' vfio_names show $address --json
mkdir -p /run/vfio-names
printf '[names]\nby-serial = true\n' >/run/vfio-names/10-test.toml
check "sync creates the link" vfio_names sync
check "the by-serial link points to the device's node" \
  same "$(stat -L -c %t:%T /dev/vfio/by-serial/52-54-00-ff-ff-12-34-56.0)" "$(stat -L -c %t:%T /dev/vfio/pci/$address)"
