# exec runs a command as another user with verified descriptors of real devices; cdi describes the devices for containers.
# kernels: both
# devices: three

a=0000:00:04.0 b=0000:00:05.0

for address in $a $b; do bind $address; done
settle
devnum() { cat "$pci/$1/vfio-dev/$(vfio_of $pci/$1)/dev"; }

check "exec passes a descriptor with the device's number" \
  same "$(vfio_names exec $a -- stat -L -c %Hr:%Lr /proc/self/fd/{fd})" "$(devnum $a)"
vfio_names exec --iommu --user nobody $a $b -- bash -c 'id -un; stat -L -c %Hr:%Lr /proc/self/fd/$0 /proc/self/fd/$1; stat -L -c %Hr:%Lr /proc/self/fd/$2' \
  "{fd:$a}" "{fd:$b}" "{iommufd}" >/tmp/out 2>&1
check "exec passes two devices and the iommufd to a command of another user" \
  same "$(cat /tmp/out)" "$(printf '%s\n' nobody "$(devnum $a)" "$(devnum $b)" "$(stat -c %Hr:%Lr /dev/iommu)")"
check "that user cannot open the node by its path" \
  exits 1 vfio_names exec --user nobody $a -- bash -c "exec 9<>/dev/vfio/pci/$a"
check "exec exits with the status of the command" exits 42 vfio_names exec $a -- bash -c 'exit 42'
check "exec exits with status 3 for a device that is not bound" \
  exits 3 vfio_names exec 0000:00:06.0 -- touch /tmp/ran
check "exec does not run the command for a device that is not bound" absent /tmp/ran

check "cdi writes a file" exits 0 vfio_names cdi --output /tmp/vfio.json
check "the CDI file has the node of the first device" contains "/dev/vfio/devices/$(vfio_of $pci/$a)" cat /tmp/vfio.json
check "the CDI file has /dev/iommu" contains '"/dev/iommu"' cat /tmp/vfio.json
for address in $a $b; do unbind $address; done
settle
vfio_names cdi --output /tmp/vfio.json
check "cdi removes the file if there is no device" absent /tmp/vfio.json
