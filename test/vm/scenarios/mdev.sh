# A mediated device is named by its UUID on the bus mdev, and not as anything on PCI.
# kernels: both cdev
# devices: one

uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
parent=/sys/class/mdev_bus/mtty
device=/sys/bus/mdev/devices/$uuid

check "the kernel's sample driver is there" test -d $parent/mdev_supported_types/mtty-2
check "make a mediated device" \
  eval "echo $uuid >$parent/mdev_supported_types/mtty-2/create"
settle
check "its name is true" true_name /dev/vfio/mdev/$uuid $device
check "nothing else is named on bus mdev" only /dev/vfio/mdev $uuid
check "nothing is named on bus pci" absent /dev/vfio/pci

check "bind a PCI function beside it" bind 0000:00:04.0
settle
check "the function's name is true" true_pci 0000:00:04.0
check "the function is alone on bus pci" only /dev/vfio/pci 0000:00:04.0
check "the mediated device's name is still true" true_name /dev/vfio/mdev/$uuid $device

check "remove the mediated device" eval "echo 1 >$device/remove"
settle
check "its name goes, and the directory" absent /dev/vfio/mdev
check "the function's name stays true" true_pci 0000:00:04.0
