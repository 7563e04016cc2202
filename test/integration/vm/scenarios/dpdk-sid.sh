# DPDK of Debian sid opens a device by the node that our link to its group leads to, as root and as a user with [[access]];
# dpdk-devbind.py and list agree about the devices, and what dpdk-devbind.py binds and unbinds gets and loses its links.
# kernels: both group
# devices: three
# rules: no
# clients: sid
# timeout: 2400

a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
. /project/test/integration/vm/guest/clients.sh
. /project/test/integration/vm/guest/dpdk.sh
user=$(id -u nobody) group=$(getent group kvm | cut -d: -f3)

devbind() { in_sid dpdk-devbind.py "$@"; }
# of_devbind, of_list: the devices that are bound to vfio-pci, as each of the two reports them.
of_devbind() { devbind --status-dev net 2>/dev/null | sed -n 's/^\([0-9a-f:.]*\) .* drv=vfio-pci .*/\1/p' | sort; }
of_list() { vfio_names list --json | node -p 'JSON.parse(fs.readFileSync(0)).devices.map(({ name }) => name).sort().join("\n")'; }
agree_on() { same "$(of_devbind)" "$(printf '%s\n' "$@")" && same "$(of_list)" "$(printf '%s\n' "$@")"; }
link_of() { echo "/dev/vfio/groups/pci/$1"; }
# start_as USER:GROUP ADDRESS
start_as() { start "$2" prlimit --memlock=$((256 << 20)) chroot --userspec="$1" $sid env XDG_RUNTIME_DIR=/tmp; }
# runs TITLE USER:GROUP ADDRESS MAC: testpmd uses this device, through our link's node and no other.
runs() {
  local pid
  start_as "$2" "$3"
  check "$1: testpmd starts" until_true 400 has_prompt
  pid=$(pgrep -x dpdk-testpmd)
  check "$1: testpmd has only the node open that our link leads to" same "$(opened_by "$pid")" "$(number_of "$(link_of "$3")")"
  check "$1: holders reports this process, its user and the group" \
    same "$(vfio_names holders "$3" | awk '$4 == "group" { print $2, $5 }')" "$pid $(id -un "${2%:*}")"
  quit
  check "$1: testpmd lists the card that the kernel's driver had at this address" lists_card "$3" "$4"
  check "$1: testpmd exits with status 0" status 0
  check "$1: holders prints nothing then" same "$(vfio_names holders "$3")" ""
}

cat >/run/policy.toml <<POLICY
[names]
groups = true
[[access]]
match = { name = "$b" }
group = "kvm"
mode = "0660"
POLICY
check "/usr/lib/udev is writable" writable /usr/lib/udev
install_native
check "install the rules of the policy" rules_via native /run/policy.toml
udevadm trigger --subsystem-match=misc --sysname-match=iommu --action=change
note "$(in_sid dpkg-query -W -f '${Package} ${Version}' dpdk), $(in_sid sh -c 'grep -lc vfio-dev /usr/lib/*/librte_eal.so.*' | wc -l) of its EAL know nodes of devices"
mac_a=$(mac_of $a) mac_b=$(mac_of $b)

check "no device is bound for either" agree_on
# In another order than that of the addresses.
for address in $b $c $a; do bind $address; done
settle
check "three devices are bound for both" agree_on $a $b $c
check "the names of the groups are correct" group_names_correct $a $b $c
check "devbind unbinds a device" devbind --unbind $c
settle
check "two devices are bound for both" agree_on $a $b
check "the links of that device are gone" absent "$(link_of $c)"
check "devbind binds it" devbind --bind=vfio-pci $c
settle
check "three devices are bound for both again" agree_on $a $b $c
check "its names are correct" group_names_correct $a $b $c
check "verify finds nothing" exits 0 vfio_names verify --policy /run/policy.toml

runs "as root" 0:0 $a "$mac_a"
runs "as a user" "$user:$group" $b "$mac_b"

start_as "$user:$group" $a
check "without access: testpmd starts without ports" until_true 400 has_prompt
check "without access: testpmd has no node open" same "$(opened_by "$(pgrep -x dpdk-testpmd)")" ""
quit
check "without access: testpmd names the node" output_has "/dev/vfio/$(group_of $a)"
check "without access: testpmd has no device" output_has "Invalid port 0"
note "$(grep -i 'permission denied' /tmp/out)"

check "devbind gives the device that it bound back to the kernel's driver" devbind --bind=e1000e $c
settle
check "two devices are bound for both then" agree_on $a $b
check "its links are gone" absent "$(link_of $c)"
check "verify finds nothing then" exits 0 vfio_names verify --policy /run/policy.toml
