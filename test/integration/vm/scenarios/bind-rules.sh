# The rules of [[bind]] set the driver of a device before any driver has it, and change nothing afterwards.
# kernels: both
# devices: three
# rules: no
# root: writable
# cpus: 2
# timeout: 900

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
file=/etc/udev/rules.d/60-vfio-names-bind.rules

driver_of() { if [[ -e $pci/$1/driver ]]; then basename "$(readlink $pci/$1/driver)"; else echo none; fi; }
override_of() { cat $pci/$1/driver_override; }
has_driver() { same "$(driver_of $1)" "$2"; }

check "without an override, driver_override reads (null)" same "$(override_of $b)" "(null)"
mkdir -p /etc/vfio-names
cat >/etc/vfio-names/10-bind.toml <<TOML
[[bind]]
match = { name = "$b" }
TOML
check "config check accepts the policy" vfio_names config check
check "rules install writes the rules" vfio_names rules install
check "the file of the rules exists" test -s $file
check "udevadm accepts the rules" udevadm verify $file
settle
check "the installation changes no driver" same "$(driver_of $a) $(driver_of $b) $(driver_of $c)" "e1000e e1000e e1000e"

# rescan: removes the three functions and has the kernel find them again.
rescan() {
  local address
  for address in $a $b $c; do echo 1 >$pci/$address/remove; done
  settle
  echo 1 >/sys/bus/pci/rescan
  settle
}
# The kernel looks for a driver while udev handles the event. Where the other driver is loaded or, as here, built in, either can
# be first, and the other one leaves the device alone.
declare -A got=()
for round in {1..10}; do
  rescan
  driver=$(driver_of $b)
  got[$driver]=$((${got[$driver]:-0} + 1))
done
note "the device got vfio-pci in ${got[vfio-pci]:-0} of 10 rounds, e1000e in ${got[e1000e]:-0}"
check "the device always gets one of the two drivers" same $((${got[vfio-pci]:-0} + ${got[e1000e]:-0})) 10
for round in {1..30}; do
  ! has_driver $b vfio-pci >/dev/null || break
  rescan
done
check "the device gets vfio-pci when the rules are first" has_driver $b vfio-pci
check "its twins get the driver of the host" same "$(driver_of $a) $(driver_of $c)" "e1000e e1000e"
check "its link is correct" pci_links_correct $b

before="$(driver_of $a) $(driver_of $b) $(driver_of $c) $(override_of $a) $(override_of $b) $(override_of $c)"
udevadm trigger --action=add --subsystem-match=pci --settle
udevadm trigger --action=change --subsystem-match=pci --settle
check "add and change events of present devices change nothing" \
  same "$(driver_of $a) $(driver_of $b) $(driver_of $c) $(override_of $a) $(override_of $b) $(override_of $c)" "$before"

unbind $b
udevadm trigger --action=add --subsystem-match=pci --settle
check "a device that was unbound by hand stays unbound" has_driver $b none

echo pci-stub >$pci/$b/driver_override
udevadm trigger --action=add --subsystem-match=pci --settle
check "an override that somebody else set is kept" same "$(override_of $b)" pci-stub
echo >$pci/$b/driver_override
mkdir -p /etc/driverctl.d && echo pci-stub >/etc/driverctl.d/pci-$b
udevadm trigger --action=add --subsystem-match=pci --settle
check "a device of driverctl is left alone" same "$(override_of $b)" "(null)"
rm /etc/driverctl.d/pci-$b

check "bind --dry-run finds the device without a driver" exits 6 vfio_names bind --dry-run
check "bind gives it its driver" vfio_names bind
check "the device has vfio-pci" has_driver $b vfio-pci
check "a second run changes nothing" vfio_names bind --dry-run

rm /etc/vfio-names/10-bind.toml
check "rules install without [[bind]] removes the file" vfio_names rules install
check "the file is gone" absent $file
echo >$pci/$b/driver_override
unbind $b
echo $b >/sys/bus/pci/drivers_probe
check "the host gets the device back" has_driver $b e1000e
rescan
check "without rules, the driver of the host has the device" has_driver $b e1000e
