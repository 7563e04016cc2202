# Functions and variables for the scenarios without an IOMMU, which source this file after lib.sh. A device is bound, and udev has
# done its part.
. /project/test/integration/vm/guest/probe.sh
. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh

address=0000:00:04.0
echo Y >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_counting
check "bind" bind $address
settle
group=$(group_of $address)
