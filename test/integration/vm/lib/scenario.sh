# Reads the scenarios' headers, runs one scenario on one kernel and judges it.
#
# A header is comment lines at the head of scenarios/NAME.sh:
#   # kernels: both cdev    on which kernels it runs
#   # devices: one          a set of lib/devices.sh
#   # cpus: 2               processors of the guest (default 1); where things must happen at the same time
#   # init: systemd         PID 1 (default script: udevd alone)
#   # rules: no             whether udevd has the project's rules (default yes), or a policy of test/integration/vm/policies
#                           whose rules it has, and vfio_id with them where the root can be written
#   # timeout: 900          seconds for the whole guest (default 600)
#   # root: writable        what is written to the root lies in memory (default: read-only); `disk`: the root is an NVMe disk
#   # reboots: yes          the guest may reboot, and the scenario runs again at each boot (needs `root: disk`)
#   # initramfs: TOOL       boots by an image that TOOL made, with those rules and the native vfio_id in it
#   # kernel-command-line: ARGUMENT...  more arguments of the kernel's command line
#   # clients: sid          the guest has a second root directory, with programs of Debian sid (guest/clients.sh)
#   # packages: yes         installs the Debian packages, which are built first and lie in /project/packages

# header NAME KEY [DEFAULT]
header() {
  local value
  value=$(sed -n "1,/^[^#]/s/^# $2: *//p" "$here/scenarios/$1.sh" | head -n 1)
  echo "${value:-${3-}}"
}

# list_scenarios: each NAME@KERNEL, one a line, without the kernels that are built only if they are asked for.
list_scenarios() {
  local file
  for file in "$here"/scenarios/*.sh; do
    find_scenario "$(basename "$file" .sh)"
  done | grep -v -e '@debug$' -e '@next$'
}

# find_scenario NAME[@KERNEL]: the NAME@KERNEL that are meant, one a line.
find_scenario() {
  local name=${1%%@*} kernel kernels
  [[ -f $here/scenarios/$name.sh ]] ||
    die "no scenario is called '$name'; test/integration/vm/run --list prints them"
  kernels=$(header "$name" kernels)
  # What runs on `both` runs on these, too, if it is asked for.
  [[ " $kernels " != *' both '* || ! $1 =~ @(debug|next)$ ]] || kernels+=" ${1#*@}"
  for kernel in $kernels; do
    if [[ $1 == "$name" || $1 == "$name@$kernel" ]]; then echo "$name@$kernel"; fi
  done | grep . ||
    die "scenario '$name' runs on these kernels: $kernels; not on '${1#*@}'"
}

# core_scenarios: the NAME@KERNEL of the file `core`, one a line.
core_scenarios() {
  local item
  while read -r item; do
    [[ -z $item || $item == "#"* ]] || find_scenario "$item" || return
  done <"$here/core"
}

# run_scenario NAME@KERNEL RESULTS: prints the report. A scenario that fails runs a second time; the second run decides, and
# both results are printed.
run_scenario() {
  local item=$1 results=$2 began=$SECONDS spent
  trap 'stop_guest; exit 143' TERM
  if ((times > 1)); then
    repeat_scenario "$item" "$results"
    return
  fi
  if attempt "$item" "$results/$item.1"; then
    spent "$began" "$results/$item.times"
    say "$item: passed ($spent)"
    return
  fi
  say "$item: failed, running it again; the first run's logs are in $results/$item.1"
  began=$SECONDS
  if attempt "$item" "$results/$item.2"; then
    spent "$began" "$results/$item.times"
    say "$item: failed, run again: passed ($spent)"
    return
  fi
  spent "$began" "$results/$item.times"
  say "$item: FAILED twice ($spent)"
  return 1
}

# repeat_scenario NAME@KERNEL RESULTS: boots it $times times, each of which counts, and prints the reports and how many passed.
repeat_scenario() {
  local item=$1 results=$2 began=$SECONDS spent boot passed=0
  for ((boot = 1; boot <= times; boot++)); do
    if attempt "$item" "$results/$item.$boot"; then passed=$((passed + 1)); else say "$item: boot $boot failed"; fi
  done
  spent "$began" "$results/$item.times"
  say "$item: passed in $passed of $times boots ($spent)"
  ((passed == times))
}

# spent BEGAN FILE: sets `spent` to the time since then, and the processor time of the guests of this shell, which depends
# less on what else the machine does. `times` must run in this very shell.
spent() {
  times >"$2"
  spent="$((SECONDS - $1)) s, $(awk -F '[ms ]+' 'NR == 2 { printf "%d", 60 * ($1 + $3) + $2 + $4 }' "$2") s of processor time"
}

# attempt NAME@KERNEL DIRECTORY: boot it once and print what came of it.
attempt() {
  local name=${1%@*} kernel=${1#*@} why='' status=none reports rules initramfs root on_disk='' no_reboot=-no-reboot clients=''
  rules=$(header "$name" rules yes) initramfs=$(header "$name" initramfs) root=$(header "$name" root read-only)
  [[ $root != disk ]] || on_disk='root=/dev/nvme0n1 rootfstype=ext4 rootflags=noatime rw'
  [[ $(header "$name" reboots no) == no ]] || no_reboot=''
  [[ $(header "$name" clients none) == none ]] || clients=$(clients_dir)
  say "$1"
  if [[ -n $clients && ! -d $clients ]]; then
    echo "not ok - the directory with clients of sid could be made"
    return 1
  fi
  boot "$kernel" "$(header "$name" devices none)" "$(header "$name" cpus 1)" "$(($(header "$name" timeout 600) + ${VFIO_NAMES_VM_SECONDS:-0}))" "$2" \
    "${initramfs:+${2%/*}/$(initramfs_name "$initramfs" "$rules" "$kernel")}" \
    "lab.scenario=$name" "lab.seed=${VFIO_NAMES_VM_SEED:-}" "lab.seconds=${VFIO_NAMES_VM_SECONDS:-}" "lab.kernel=$kernel" "lab.init=$(header "$name" init script)" \
    "lab.rules=$rules" "lab.root=$root" "$on_disk" "$(header "$name" kernel-command-line)" || true
  [[ ! -s $2/report ]] || cat "$2/report"
  [[ ! -e $2/status ]] || status=$(<"$2/status")
  [[ -z $why ]] || echo "not ok - the guest runs to its end: $why"
  reports=$(kernel_reports "$2/console.log")
  [[ -z $reports ]] || printf 'not ok - the kernel reports no fault of its own:\n%s\n' "$reports"
  if [[ $status == 0 && -z $reports ]] && ! grep -q '^not ok' "$2/report"; then
    return
  fi
  echo "--- exit status of the scenario: $status; the end of the console:"
  tail -n 20 "$2/console.log"
  [[ ! -s $2/state ]] || cat "$2/state"
  return 1
}

# kernel_reports CONSOLE: the first line of each fault that the kernel found in itself: a warning with a stack, an oops, a
# report of KASAN, UBSAN or lockdep, a task that hangs. Stalls and lockups are left out: a slow emulator causes them.
kernel_reports() {
  local fault='WARNING: |BUG: |UBSAN: |Oops: |kernel BUG at |Kernel panic |general protection fault|INFO: (task|possible) '
  tr -d '\r' <"$1" | grep -aE "^\[ *[0-9.]+\](\[[ CT0-9]+\])? ($fault)" | grep -v lockup || true
}
