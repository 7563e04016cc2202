# A program is run with the checked descriptors of a real device, as another user; and the device is described for containers.
# kernels: both
# devices: three

a=0000:00:04.0 b=0000:00:05.0

for address in $a $b; do bind $address; done
settle
devnum() { cat "$pci/$1/vfio-dev/$(vfio_of $pci/$1)/dev"; }

check "the descriptor is the device's, by its number" \
  same "$(vfio_names exec $a -- stat -L -c %Hr:%Lr /proc/self/fd/{fd})" "$(devnum $a)"
vfio_names exec --iommu --user nobody $a $b -- bash -c 'id -un; stat -L -c %Hr:%Lr /proc/self/fd/$0 /proc/self/fd/$1; stat -L -c %Hr:%Lr /proc/self/fd/$2' \
  "{fd:$a}" "{fd:$b}" "{iommufd}" >/tmp/out 2>&1
check "two devices and the iommufd are passed on, to another user" \
  same "$(cat /tmp/out)" "$(printf '%s\n' nobody "$(devnum $a)" "$(devnum $b)" "$(stat -c %Hr:%Lr /dev/iommu)")"
check "that user can't open the node by its path" \
  exits 1 vfio_names exec --user nobody $a -- bash -c "exec 9<>/dev/vfio/pci/$a"
check "the exit status is the program's" exits 42 vfio_names exec $a -- bash -c 'exit 42'
check "a device that is not bound runs nothing" \
  exits 3 vfio_names exec 0000:00:06.0 -- touch /tmp/ran
check "really nothing" absent /tmp/ran

check "the devices are described for containers" exits 0 vfio_names cdi --output /tmp/vfio.json
check "by address, with the real node" contains "/dev/vfio/devices/$(vfio_of $pci/$a)" cat /tmp/vfio.json
check "and with /dev/iommu" contains '"/dev/iommu"' cat /tmp/vfio.json
for address in $a $b; do unbind $address; done
settle
vfio_names cdi --output /tmp/vfio.json
check "without a device there is no file" absent /tmp/vfio.json
