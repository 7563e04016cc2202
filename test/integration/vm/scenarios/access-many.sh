# 508 virtual functions of four controllers, with names of groups and with access: udev names every device and every group and
# sets owner, group and mode of each node; the commands agree; sync does the same without udev; watch runs beside udev.
# kernels: both
# devices: sriov-four-times
# timeout: 5400
# cpus: 2

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/watch.sh
controllers=(0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0) count=508
soon=600
mkdir -p /run/vfio-names
cat >/run/vfio-names/10.toml <<'POLICY'
[names]
groups = true
[[access]]
match = { pf = "0000:01:00.0" }
group = "kvm"
[[access]]
match = { name = "0000:02:*" }
owner = "nobody"
mode = "0600"
[[access]]
match = { name = "0000:03:*" }
group = "audio"
mode = "0640"
POLICY
# access_of ADDRESS: what the policy says about its nodes; the kernel's own access for the fourth controller. Sets `access`.
access_of() {
  case $1 in
    0000:01:*) access='root:kvm 660' ;;
    0000:02:*) access='nobody:root 600' ;;
    0000:03:*) access='root:audio 640' ;;
    *) access='root:root 600' ;;
  esac
}

# timed TITLE COMMAND...: runs the command and prints to the report how long it took, wherever its own output goes.
exec 7>&1
timed() {
  local title=$1 begin=${EPOCHREALTIME/./} result=0
  shift
  "$@" || result=$?
  note "$title: $(((${EPOCHREALTIME/./} - begin) / 1000)) ms" >&7
  return $result
}
settle_long() { udevadm settle --timeout=$soon; }

# expect: the links, device numbers and access that sysfs and the policy ask for, sorted. Without a process for each function.
expect() {
  local address node number group groups access index=0
  mapfile -t groups < <(for address in "${functions[@]}"; do echo "$pci/$address/iommu_group"; done | xargs readlink)
  for address in "${functions[@]}"; do
    node=("$pci/$address"/vfio-dev/vfio*)
    group=${groups[index]##*/}
    index=$((index + 1))
    access_of "$address"
    read -r number <"${node[0]}/dev"
    echo "/dev/vfio/pci/$address $number $access"
    read -r number <"/sys/class/vfio/$group/dev"
    echo "/dev/vfio/groups/pci/$address $number $access"
  done | sort
}
# found: the same of the links in /dev/vfio.
found() { find /dev/vfio -type l -print0 | sort -z | xargs -0 -r stat -L -c '%n %Hr:%Lr %U:%G %a' | sort; }
all_correct() { diff <(found) "$expected"; }
none_left() { same "$(find /dev/vfio -type l | wc -l)" 0; }
bind_all() {
  local vf
  for vf in "${functions[@]}"; do bind "$vf" || return; done
}
# names_of COMMAND...: the names that the command prints as JSON, each once, sorted.
names_of() { "$@" | grep -oE '"name": "[^"]*"' | cut -d'"' -f4 | sort -u; }

check "/usr/lib/udev is writable" writable /usr/lib/udev
check "install vfio_id" install_logging
check "install the rules of the policy" rules_via native
begin=${EPOCHREALTIME/./}
check "enable $count virtual functions of four controllers" virtual_functions $((count / 4)) "${controllers[@]}"
mapfile -t functions < <(functions_of "${controllers[@]}")
check "there are $count virtual functions" same "${#functions[@]}" $count
settle_long
note "enabled after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
begin=${EPOCHREALTIME/./}
check "bind all functions" bind_all
note "bound after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
settle_long
note "udevd is done after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
expected=/tmp/expected
expect >$expected
check "there are two names for each function" same "$(wc -l <$expected)" $((2 * count))
check "udev made each name, and each node has the access of the policy" all_correct
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log 2>/dev/null)" ""

# The commands after udev.
timed "list" vfio_names list --json >/tmp/list.json
check "list knows each function" same "$(names_of cat /tmp/list.json)" "$(printf '%s\n' "${functions[@]}")"
check "list knows each node" same "$(grep -oE '"node": "[^"]*"' /tmp/list.json | sort -u | wc -l)" $count
timed "list for people" vfio_names list --no-header >/tmp/list
check "the table has a line for each function" same "$(grep -cE '0000:0[1-4]:' /tmp/list)" $count
check "verify finds nothing" timed "verify" exits 0 vfio_names verify
check "plan has nothing to change" timed "plan" exits 0 vfio_names plan
check "sync has nothing to change" timed "sync" contains "nothing to change" vfio_names sync
timed "doctor" vfio_names doctor >/tmp/doctor 2>&1
check "doctor finds no problem" grep -q '^no problems found' /tmp/doctor
check "doctor says that udev created each name" grep -q "created all $count names" /tmp/doctor
exec 8<>/dev/vfio/pci/"${functions[0]}" 9<>/dev/vfio/groups/pci/"${functions[count - 1]}"
timed "holders" vfio_names holders >/tmp/holders
exec 8<&- 9<&-
check "holders lists the device and the group that this process has open" \
  same "$(grep -w $$ /tmp/holders | grep -oE '0000:0[1-4]:[0-9a-f]+\.[0-7]' | sort -u | xargs)" "${functions[0]} ${functions[count - 1]}"
sed 's/^/#   /' /tmp/holders
for command in show resolve; do
  check "$command knows the last function" timed $command exits 0 vfio_names $command "${functions[count - 1]}"
done
timed "graph" vfio_names graph >/tmp/graph
check "graph draws each function" same "$(grep -oE '0000:0[1-4]:[0-9a-f]+\.[0-7]' /tmp/graph | sort -u | wc -l)" $((count + 4))

# Without udev's links and access, sync does the same.
mv /run/udev/rules.d/70-vfio-names.rules /run/kept.rules
check "udevd has no rules of ours" reload_rules
rm -rf /dev/vfio/pci /dev/vfio/groups
for vf in /dev/vfio/devices/* /dev/vfio/[0-9]*; do echo "$vf"; done | xargs chown root:root
for vf in /dev/vfio/devices/* /dev/vfio/[0-9]*; do echo "$vf"; done | xargs chmod 600
check "verify reports each missing name" exits 1 vfio_names verify --quiet
check "sync makes everything again" timed "sync from nothing" exits 0 vfio_names sync --quiet
check "each name and the access of each node are those of the policy" all_correct
check "a second sync changes nothing" contains "nothing to change" vfio_names sync

# The service beside udevd: everything off and on again.
mv /run/kept.rules /run/udev/rules.d/70-vfio-names.rules
check "udevd has the rules again" reload_rules
udevadm trigger --action=change --subsystem-match=vfio-dev --subsystem-match=vfio
timed "a pass of change events" settle_long
check "each name and access is the same after it" all_correct
start_watch
check "the service completes its first pass" timed "the first pass of the service" until_true $soon test -e $figures
begin=${EPOCHREALTIME/./}
check "disable the virtual functions" virtual_functions 0 "${controllers[@]}"
settle_long
check "no name is left" until_true $soon none_left
note "off after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
check "enable them again" virtual_functions $((count / 4)) "${controllers[@]}"
begin=${EPOCHREALTIME/./}
check "bind all functions again" bind_all
settle_long
expect >$expected
check "with the service and udevd, each name and access is right" until_true $soon all_correct
note "on after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
before=$(passes)
check "the service completes another pass" timed "a whole pass of the service" reload_watch
check "and then, too" all_correct
check "verify finds nothing" exits 0 vfio_names verify
note "the service: $before passes, $(awk '/^VmHWM/ { print $2 }' /proc/$service/status) KiB, $(awk '{ print ($14 + $15) * 10 }' /proc/$service/stat) ms of processor time"
check "disable the virtual functions again" virtual_functions 0 "${controllers[@]}"
settle_long
check "no name is left at the end" until_true $soon none_left
check "no directory of names is left" until_true $soon absent /dev/vfio/groups
check "vfio_id printed no errors" same "$(cat /run/vfio_id.log 2>/dev/null)" ""
check "the service reported no problem" not grep '^vfio-names:' /tmp/troubles
status=0
end_watch || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
