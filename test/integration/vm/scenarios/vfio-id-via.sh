# Rules rendered with each of the three values of --via (native, import, run) create the same links for the same devices,
# and the links are removed with the devices.
# kernels: both
# devices: three

. /project/test/integration/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_logging
cat >/tmp/policy.toml <<'POLICY'
scheme = 1
[names]
by-path = true
by-group = true
by-tag = true
[[link]]
match = { bus = "pci", not = { group = "9999" } }
name = "by-pad/{{pad group 4}}-{{driver}}"
[names.by-alias]
first = { name = "00:04.0" }
[[link]]
match = { name = "0000:00:0[56].0" }
name = "by-one/late"
POLICY

for way in native import run; do
  check "$way: render the rules" rules_via $way /tmp/policy.toml
  for address in $a $b $c; do check "$way: bind $address" bind $address; done
  settle
  check "$way: the default links are correct" pci_links_correct $a $b $c
  check "$way: no link is dangling" no_dangling_links
  # Two devices claim by-one/late: udev assigns it to the device of the last event.
  links | grep -v ^by-one/late >/tmp/links.$way
  check "$way: by-one/late points to a node" test -c /dev/vfio/by-one/late
  check "$way: the links are the same as with native" same "$(cat /tmp/links.$way)" "$(cat /tmp/links.native)"
  check "$way: there are 16 links" same "$(wc -l </tmp/links.$way)" 16
  if [[ $way == run ]]; then
    check "run: udev's database has no link" same "$(udevadm info -q symlink /dev/vfio/devices/vfio0)" ""
    check "run: by-one/late points to the device with the lower name" \
      same "$(readlink /dev/vfio/by-one/late)" "../devices/$(vfio_of $pci/$b)"
    unbind $c
    settle
    check "run: the links of other devices remain after one is unbound" pci_links_correct $a $b
    check "run: the link of the unbound device is removed" absent /dev/vfio/pci/$c
    bind $c
    settle
    check "run: the link is correct after the device is bound again" pci_links_correct $a $b $c
  fi
  for address in $a $b $c; do unbind $address; done
  settle
  check "$way: no link is left" link_count 0
  check "$way: no directory is left" same "$(find /dev/vfio -mindepth 1 -type d)" ""
done
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log)" ""
note "$(cat /tmp/links.native)"
