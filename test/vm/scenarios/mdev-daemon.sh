# Without udev: busybox mdev calls vfio_id, as the kernel's hot-plug helper, as a daemon, and for what is there at boot.
# kernels: both
# devices: three
# rules: no
# native: yes

. /project/test/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
bind_all() { bind $a && bind $b && bind $c; }
unbind_all() { unbind $a && unbind $b && unbind $c; }
none_left() { absent /dev/vfio/pci; }

udevadm control --exit
check "udevd is gone" until_true 60 not pidof systemd-udevd
check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install_native
check "there is a place for mdev.conf" writable /etc
check "the rules for mdev are rendered" eval "vfio_names rules render --target mdev >/etc/mdev.conf"
ln -s /bin/busybox /run/mdev

check "bind without anybody who listens" bind_all
check "nobody makes names" none_left
check "mdev -s, as at boot" /run/mdev -s
check "all three names are true" true_pci $a $b $c
check "nothing else is named" only /dev/vfio/pci $a $b $c
check "the node has the mode of the rules" same "$(stat -c %a:%U:%G "/dev/vfio/devices/$(vfio_of $pci/$a)")" 600:root:root
check "mdev -s again changes nothing" /run/mdev -s
check "all three names are true after it" true_pci $a $b $c

echo /run/mdev >/proc/sys/kernel/hotplug
check "as the kernel's helper: unbind" unbind_all
check "as the kernel's helper: the names go" until_true 60 none_left
for order in "$a $b $c" "$c $a $b"; do
  for address in $order; do check "as the kernel's helper: bind $address" bind "$address"; done
  check "as the kernel's helper: the names come" until_true 60 true_pci $a $b $c
  check "as the kernel's helper: unbind" unbind_all
  check "as the kernel's helper: the names go" until_true 60 none_left
done
echo >/proc/sys/kernel/hotplug

/run/mdev -df &
daemon=$!
listens() { grep -q " $daemon " /proc/net/netlink || grep -qw "$daemon" /proc/net/netlink; }
check "as a daemon: mdev listens" until_true 60 listens
for order in "$b $a $c" "$c $b $a"; do
  for address in $order; do check "as a daemon: bind $address" bind "$address"; done
  check "as a daemon: the names come" until_true 60 true_pci $a $b $c
  check "as a daemon: nothing else is named" only /dev/vfio/pci $a $b $c
  check "as a daemon: unbind" unbind_all
  check "as a daemon: the names go" until_true 60 none_left
done
kill $daemon
