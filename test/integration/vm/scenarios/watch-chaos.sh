# Random actions in random order, without udevd: after each step the service makes all links match sysfs.
# kernels: both
# devices: three-and-port
# rules: no
# timeout: 1800
# cpus: 2

. /project/test/integration/vm/guest/watch.sh
. /project/test/integration/vm/guest/chaos.sh
steps=40
# Enough for the slowest machine; usually it takes a second or two.
soon=180

seed=$(sed -n 's/.*lab\.seed=\([0-9]\+\).*/\1/p' /proc/cmdline)
RANDOM=${seed:=1}
note "seed $seed, $steps steps; VFIO_NAMES_VM_SEED=N selects another seed"

check "udevd ends" end_bare_udev
# The service writes its metrics to a file system that can be filled.
mkdir -p /run/vfio-names /run/small
mount -t tmpfs -o size=64k tmpfs /run/small
figures=/run/small/figures.prom
: >/run/vfio-names/10.toml
start_watch
check "the service completes its first pass" until_true $soon test -e $figures

for ((step = 1; step <= steps; step++)); do
  done=() starting=''
  for ((count = 1 + RANDOM % 3; count > 0; count--)); do
    chosen=${actions[RANDOM % ${#actions[@]}]}
    done+=("$chosen")
    "do_$chosen"
  done
  check "step $step, ${done[*]}: all links match sysfs" until_true $soon links_match
  remove_obstacle
  check "step $step: all links match sysfs without an obstacle" until_true $soon links_match
  kill -0 $service 2>/dev/null || check "step $step: the service runs" false
  ((failures == 0)) || break
done
note "the service was killed $kills times and reported $(grep -c '^vfio-names:' /tmp/troubles) problems"

status=0
end_watch || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
check "all links match sysfs after the service has ended" links_match
if ((failures > 0)); then tail -n 40 /tmp/lines /tmp/troubles | sed 's/^/# /'; fi
