# udevd can ignore a request to reload its rules, while udevadm ends with status 0; `rules install` asks twice.
# kernels: both
# devices: one
# root: writable

. /project/test/integration/vm/guest/helper.sh
address=0000:00:04.0 link=/dev/vfio/pci/0000:00:04.0 rules=/etc/udev/rules.d/70-vfio-names.rules

# start_udevd: a udevd that asks for the credentials of its first control message too late.
start_udevd() {
  udevadm control --exit
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
  LD_PRELOAD=/project/test/integration/vm/guest/preload/late-credentials.so \
    /usr/lib/systemd/systemd-udevd --debug 2>>/run/udevd.log &
  until_true 60 test -S /run/udev/control
  # From now on for three seconds, udevd does not look for changed rules by itself.
  until_true 60 change
}
change() { timeout 20 udevadm trigger --subsystem-match=vfio-dev --action=change --settle; }

rm /run/udev/rules.d/*vfio-names*.rules
check "bind" bind $address
settle

start_udevd
cp /project/rules/70-vfio-names.rules $rules
check "udevadm asks for a reload, and ends with status 0" udevadm control --reload
check "udevd has ignored it" grep -q "Invalid sender uid" /run/udevd.log
check "the second request is heard" eval 'udevadm control --reload && change'
check "udev made the name" pci_links_correct $address

rm $rules
udevadm control --reload && change
check "the name is gone" absent $link
: >/run/udevd.log
start_udevd
check "rules install" exits 0 vfio_names rules install
check "udevd has ignored its first request" grep -q "Invalid sender uid" /run/udevd.log
check "udev made the name nevertheless" pci_links_correct $address
