# Without udev: busybox mdev calls vfio_id, as the kernel's hotplug helper, as a daemon, and with mdev -s at boot.
# kernels: both
# devices: three
# rules: no

. /project/test/integration/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
bind_all() { bind $a && bind $b && bind $c; }
unbind_all() { unbind $a && unbind $b && unbind $c; }
none_left() { absent /dev/vfio/pci; }

udevadm control --exit
check "udevd ends" until_true 60 not pidof systemd-udevd
check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_native
check "/etc is writable" writable /etc
check "render the rules for mdev" eval "vfio_names rules render --target mdev >/etc/mdev.conf"
ln -s /bin/busybox /run/mdev

check "bind without a device manager" bind_all
check "there is no link without a device manager" none_left
check "mdev -s, as at boot" /run/mdev -s
check "all three links are correct" pci_links_correct $a $b $c
check "there is no other link" only /dev/vfio/pci $a $b $c
check "the node has the owner and the mode of the rules" same "$(stat -c %a:%U:%G "/dev/vfio/devices/$(vfio_of $pci/$a)")" 600:root:root
check "mdev -s a second time" /run/mdev -s
check "all three links are correct after the second mdev -s" pci_links_correct $a $b $c

echo /run/mdev >/proc/sys/kernel/hotplug
check "hotplug helper: unbind" unbind_all
check "hotplug helper: the links are removed" until_true 60 none_left
for order in "$a $b $c" "$c $a $b"; do
  for address in $order; do check "hotplug helper: bind $address" bind "$address"; done
  check "hotplug helper: the links are correct" until_true 60 pci_links_correct $a $b $c
  check "hotplug helper: unbind" unbind_all
  check "hotplug helper: the links are removed" until_true 60 none_left
done
echo >/proc/sys/kernel/hotplug

/run/mdev -df &
daemon=$!
listens() { grep -q " $daemon " /proc/net/netlink || grep -qw "$daemon" /proc/net/netlink; }
check "mdev daemon: it listens" until_true 60 listens
for order in "$b $a $c" "$c $b $a"; do
  for address in $order; do check "mdev daemon: bind $address" bind "$address"; done
  check "mdev daemon: the links are correct" until_true 60 pci_links_correct $a $b $c
  check "mdev daemon: there is no other link" only /dev/vfio/pci $a $b $c
  check "mdev daemon: unbind" unbind_all
  check "mdev daemon: the links are removed" until_true 60 none_left
done
kill $daemon
