# Random actions in random order with everything on: udevd with rules and the service at once, names of groups, of paths, tags and
# aliases, access, drivers and a CDI file; devices are bound, unbound and plugged in, policies change or are wrong, both programs
# are killed. Two independent C programs watch all the time that no name leads to another device for longer than it can take to
# handle an event, and that no node of a device is open to a user that has it from no policy. After each step everything is
# exactly as sysfs and the policy say. Runs for VFIO_NAMES_VM_SECONDS (default 120).
# kernels: both
# devices: three-and-port
# rules: no
# timeout: 1500
# cpus: 2

. /project/test/integration/vm/guest/watch.sh
. /project/test/integration/vm/guest/helper.sh
. /project/test/integration/vm/guest/groups.sh
. /project/test/integration/vm/guest/chaos.sh
. /project/test/integration/vm/guest/chaos-with-udev.sh
guest=/project/test/integration/vm/guest
# Enough for the slowest machine; usually it takes a second or two.
soon=180
# How long a name may lead to another device: an event waits for those before it.
moment=60

seconds=$(sed -n 's/.*lab\.seconds=\([0-9]\+\).*/\1/p' /proc/cmdline)
seed=$(sed -n 's/.*lab\.seed=\([0-9]\+\).*/\1/p' /proc/cmdline)
RANDOM=${seed:=1}
note "seed $seed, ${seconds:=120} seconds; VFIO_NAMES_VM_SEED and VFIO_NAMES_VM_SECONDS select others"

mkdir -p /run/vfio-names /run/cdi /run/small
mount -t tmpfs -o size=64k tmpfs /run/small
figures=/run/small/figures.prom
check "/usr/lib/udev is writable" writable /usr/lib/udev
install_native
write_policy
check "install the rules" install_rules

judged=("+${fixed[0]}" "+${fixed[1]}" "by-alias/first=${fixed[0]}" "by-alias/second=${fixed[1]}" "$(path_of $slot)=$slot")
for address in "${fixed[@]}"; do judged+=("$(path_of "$address")=$address"); done
for address in "${fixed[@]}"; do bind "$address"; done
settle
# What the judge has to find: an absolute link to another device, a link that says no device, and an open group.
other=/dev/vfio/devices/$(vfio_of $pci/"${fixed[1]}")
ln -sfn "$other" /dev/vfio/by-alias/first
check "the judge finds a name that leads to another device" judge_finds "wrong: /dev/vfio/by-alias/first leads to $other"
ln -sfn "$other" /dev/vfio/unknown
check "the judge finds a name that says no device" judge_finds "wrong: /dev/vfio/unknown leads to $other"
rm /dev/vfio/unknown
group=$(group_of "${fixed[2]}")
chgrp audio "/dev/vfio/$group"
check "the judge finds a group's node that is open to a user" judge_finds "wrong: the group $group is 0:"
chgrp root "/dev/vfio/$group"
ln -sfn "../devices/$(vfio_of $pci/"${fixed[0]}")" /dev/vfio/by-alias/first
rm -f /tmp/stop
start_watch
check "the service completes its first pass" until_true $soon test -e $figures

# The policies give the first two devices to users, never the others.
$guest/grants /tmp/stop "${fixed[0]}" "${fixed[1]}" >/tmp/grants &
granting=$!
$guest/judge /tmp/stop $moment "${judged[@]}" >/tmp/judged &
judging=$!

declare -A acted=()
step=0
# $SECONDS follows the clock, which is changed.
uptime_seconds() { cut -d. -f1 /proc/uptime; }
end=$(($(uptime_seconds) + seconds))
while (($(uptime_seconds) < end)); do
  step=$((step + 1)) done=() starting=''
  for ((count = 1 + RANDOM % 3; count > 0; count--)); do
    chosen=${actions[RANDOM % ${#actions[@]}]}
    done+=("$chosen")
    acted[$chosen]=$((${acted[$chosen]:-0} + 1))
    "do_$chosen"
  done
  alive || check "step $step, ${done[*]}: the service runs" false
  wait_until "step $step, ${done[*]}: names, access and the CDI file are right" all_right
  remove_obstacle
  wait_until "step $step, ${done[*]}: so they are without an obstacle, and verify agrees" all_right_and_verified
  ((failures == 0)) || break
done
check "$step steps were right" same $failures 0
note "actions: $(for chosen in "${!acted[@]}"; do echo "$chosen ${acted[$chosen]}"; done | sort | paste -sd, | sed 's/,/, /g')"
note "the service was killed $kills times and reported $(grep -c '^vfio-names:' /tmp/troubles) problems"

touch /tmp/stop
status=0
wait $granting || status=$?
check "no node of another device was opened to a user" same "$status $(grep -m 3 wrong: /tmp/grants)" "0 "
note "$(tail -n 1 /tmp/grants)"
status=0
wait $judging || status=$?
check "no name led to another device for $moment seconds, and no group's node was opened to a user wrongly" \
  same "$status $(grep -m 3 wrong: /tmp/judged)" "0 "
note "$(tail -n 1 /tmp/judged)"
check "doctor runs" exits 0 eval 'vfio_names doctor; (($? < 2))'
status=0
end_watch || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
if ((failures > 0)); then tail -n 40 /tmp/lines /tmp/troubles | sed 's/^/# /'; fi
