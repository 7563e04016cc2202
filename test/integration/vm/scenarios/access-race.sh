# Three devices are unbound and bound in changing order, so that their numbers change hands, while the service and sync set
# the access of a policy that names one of them. An independent C program checks that no node of another device is ever opened
# to a user.
# kernels: both
# devices: three
# rules: no
# timeout: 900
# cpus: 2

. /project/test/integration/vm/guest/watch.sh
a=0000:00:04.0 b=0000:00:05.0 c=0000:00:06.0
guest=/project/test/integration/vm/guest

check "udevd ends" end_bare_udev
mkdir -p /run/vfio-names
printf '[[access]]\nmatch = { name = "%s" }\nowner = "nobody"\ngroup = "kvm"\nmode = "0660"\n' $a >/run/vfio-names/10.toml
for address in $a $b $c; do bind $address; done
start_watch
check "the service completes its first pass" until_true 120 test -e $figures

$guest/grants /tmp/stop $a >/tmp/grants &
watching=$!
$guest/race rebind /tmp/log /tmp/stop $a $b $c >/tmp/rounds &
rebinding=$!
for round in {1..5}; do vfio_names sync >>/tmp/synced 2>&1; done
touch /tmp/stop
status=0
wait $watching || status=$?
wait $rebinding
check "the devices were unbound and bound meanwhile" same $? 0
note "$(cat /tmp/rounds)"
check "only the device that the policy names was opened to a user" same "$status $(grep -m 3 wrong: /tmp/grants)" "0 "
note "$(tail -n 1 /tmp/grants)"
check "the service runs" kill -0 $service

owner() { stat -c %U:%G:%a "/dev/vfio/devices/$(vfio_of $pci/$1)"; }
check "the device that the policy names is open to its user in the end" until_true 60 eval "same \"\$(owner $a)\" nobody:kvm:660"
for address in $b $c; do
  check "$address is not" same "$(owner $address)" root:root:600
done
end_watch || true
