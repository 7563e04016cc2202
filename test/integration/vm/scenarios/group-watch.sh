# Without udevd the service makes, updates and removes the names of groups, by the events of their nodes only.
# kernels: group
# devices: groups
# rules: no

. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
single=0000:00:04.0 first=0000:02:01.0 second=0000:02:02.0
soon=60

udevadm control --exit
check "udevd ends" until_true $soon not pgrep -x systemd-udevd
rm -f /run/udev/control

node --jitless --no-expose-wasm --optimize-for-size /project/dist/vfio-names.cjs watch --json --interval 3600 \
  --metrics /tmp/figures.prom >>/tmp/lines 2>>/tmp/troubles &
service=$!
check "the service completes its first pass" until_true $soon test -e /tmp/figures.prom

bind $first
check "the service names all members of a group" until_true $soon group_names $first $second
bind $single
check "the service names a second group" until_true $soon group_names $single $first $second
bind $second
unbind $first
rm -rf /dev/vfio/groups
check "the service restores removed names" until_true $soon group_names $single $first $second
ln -sfn ../../999 /dev/vfio/groups/pci/$single
check "the service corrects a name that leads to another group" until_true $soon group_names $single $first $second
unbind $second
check "the service removes the names of a group whose last device is unbound" until_true $soon group_names $single
unbind $single
check "the service removes the directory with the last name" until_true $soon absent /dev/vfio/groups
bind $single
check "the service names it again" until_true $soon group_names $single
mkdir -p /run/vfio-names
printf '[names]\ngroups = false\n' >/run/vfio-names/10.toml
kill -HUP $service
check "the service removes the names of groups after a policy with groups = false" until_true $soon absent /dev/vfio/groups
check "the group still has its node" test -c "/dev/vfio/$(group_of $single)"
printf '[names]\ngroups = true\n[names.by-alias]\nnic = { name = "%s" }\n' $single >/run/vfio-names/10.toml
kill -HUP $service
check "the service applies a policy with groups = true" \
  until_true $soon group_link_correct /dev/vfio/groups/by-alias/nic "$(group_of $single)"
kill -TERM $service
status=0
wait $service || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
check "verify finds nothing" exits 0 vfio_names verify
sed 's/^/# /' /tmp/lines /tmp/troubles
