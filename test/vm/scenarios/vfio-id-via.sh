# Rules rendered in each of the three ways (native, import, run) give the same links for the same devices, and the links go.
# kernels: both
# devices: three
# native: yes

. /project/test/vm/guest/helper.sh
a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0

check "there is a place for vfio_id" writable /usr/lib/udev
check "vfio_id is installed" install_heard
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
  check "$way: the names of the scheme are true" true_pci $a $b $c
  check "$way: no link leads nowhere" all_true
  # Two want by-one/late: udev gives it to the event that comes last.
  links | grep -v ^by-one/late >/tmp/links.$way
  check "$way: by-one/late leads to one of the two" test -c /dev/vfio/by-one/late
  check "$way: the links are those of native" same "$(cat /tmp/links.$way)" "$(cat /tmp/links.native)"
  check "$way: there are as many as devices and names" same "$(wc -l </tmp/links.$way)" 16
  if [[ $way == run ]]; then
    check "run: udev made none of them" same "$(udevadm info -q symlink /dev/vfio/devices/vfio0)" ""
    check "run: by-one/late is that of the lower name" \
      same "$(readlink /dev/vfio/by-one/late)" "../devices/$(vfio_of $pci/$b)"
    unbind $c
    settle
    check "run: the others' names are left when one goes" true_pci $a $b
    check "run: the name of that one is gone" absent /dev/vfio/pci/$c
    bind $c
    settle
    check "run: it comes back" true_pci $a $b $c
  fi
  for address in $a $b $c; do unbind $address; done
  settle
  check "$way: no link is left" link_count 0
  check "$way: no directory is left" same "$(find /dev/vfio -mindepth 1 -type d)" ""
done
check "vfio_id had nothing to complain of" same "$(cat /run/vfio_id.log)" ""
note "$(cat /tmp/links.native)"
