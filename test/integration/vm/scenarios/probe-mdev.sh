# probe of a mediated device of the kernel's sample driver: regions and irqs.
# kernels: both
# devices: none
. /project/test/integration/vm/guest/probe.sh

uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
check "create a mediated device" \
  eval "echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"
settle
run vfio_names probe $uuid
check "probe opens the mediated device" exited 0 "$uuid: can be opened"
run vfio_names probe --json --bind --attach --yes mdev/$uuid
check "probe --bind --attach claims the device and attaches it to an I/O address space" exited 0 '"attached": true'
facts 'p.bus === "mdev" && p.regionCount === p.regions.length && p.regions.length === 9' \
  'p.regions.some((r) => r.region === "bar0" && r.size > 0)' \
  'p.irqs.some((i) => i.irq === "intx" && i.count === 1)'
check "probe reports 9 regions" same "${fact[0]}" true
check "BAR 0 has a size" same "${fact[1]}" true
check "probe reports one INTx interrupt" same "${fact[2]}" true
check "the mediated device can be removed after the probe" eval "echo 1 >/sys/bus/mdev/devices/$uuid/remove"
run vfio_names probe $uuid
check "probe exits with status 3 after the removal" exited 3
