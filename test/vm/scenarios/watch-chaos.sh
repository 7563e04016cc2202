# Whatever happens in whatever order, without udevd: once it is quiet, the service has made the names the truth.
# kernels: both
# devices: three-and-port
# rules: no
# timeout: 1800

. /project/test/vm/guest/watch.sh
. /project/test/vm/guest/chaos.sh
steps=40
# For the slowest machine; mostly it is a second or two.
soon=180

seed=$(sed -n 's/.*lab\.seed=\([0-9]\+\).*/\1/p' /proc/cmdline)
RANDOM=${seed:=1}
note "seed $seed, $steps steps; VFIO_NAMES_VM_SEED=N makes another"

check "udevd ends" end_bare_udev
# What the service writes lies in a file system that can be filled.
mkdir -p /run/vfio-names /run/small
mount -t tmpfs -o size=64k tmpfs /run/small
figures=/run/small/figures.prom
: >/run/vfio-names/10.toml
start_watch
check "the service looks once" until_true $soon test -e $figures

for ((step = 1; step <= steps; step++)); do
  done=() starting=''
  for ((count = 1 + RANDOM % 3; count > 0; count--)); do
    chosen=${actions[RANDOM % ${#actions[@]}]}
    done+=("$chosen")
    "do_$chosen"
  done
  check "step $step, ${done[*]}: the names are the truth" until_true $soon truth
  end_hostility
  check "step $step, and with nothing in the way" until_true $soon truth
  kill -0 $service 2>/dev/null || check "step $step: the service runs" false
  ((failures == 0)) || break
done
note "it was killed $kills times and told $(grep -c '^vfio-names:' /tmp/troubles) troubles"

status=0
end_watch || status=$?
check "it ends at SIGTERM with status 0" same $status 0
check "and leaves the truth" truth
if ((failures > 0)); then tail -n 40 /tmp/lines /tmp/troubles | sed 's/^/# /'; fi
