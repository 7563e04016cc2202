# A mediated device gets a link with its UUID below mdev and none below pci.
# kernels: both cdev
# devices: one

uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
parent=/sys/class/mdev_bus/mtty
device=/sys/bus/mdev/devices/$uuid

check "the kernel has the sample driver mtty" test -d $parent/mdev_supported_types/mtty-2
check "create a mediated device" \
  eval "echo $uuid >$parent/mdev_supported_types/mtty-2/create"
settle
check "the mediated device's link is correct" link_correct /dev/vfio/mdev/$uuid $device
check "there is no other link for bus mdev" only /dev/vfio/mdev $uuid
check "there is no link for bus pci" absent /dev/vfio/pci

check "bind a PCI function" bind 0000:00:04.0
settle
check "the function's link is correct" pci_links_correct 0000:00:04.0
check "the function's link is the only one for bus pci" only /dev/vfio/pci 0000:00:04.0
check "the mediated device's link is still correct" link_correct /dev/vfio/mdev/$uuid $device

check "remove the mediated device" eval "echo 1 >$device/remove"
settle
check "the mediated device's link and the directory are removed" absent /dev/vfio/mdev
check "the function's link is still correct" pci_links_correct 0000:00:04.0
