# Functions for scenarios. A scenario is sourced after this file; each `check` prints one line of the report. Links are
# checked by stat(1) and sysfs, never by the program under test.

checks=0 failures=0 finished=
pci=/sys/bus/pci/devices

# The report ends with a count only if the scenario ran to its end.
trap '[[ $finished ]] || { echo "not ok - the scenario runs to its end"; exit 1; }' EXIT

finish() {
  finished=yes
  if ((checks == 0)); then
    echo "not ok - the scenario checks something"
    exit 1
  fi
  echo "$checks checks, $failures not ok"
  exit $((failures > 0))
}

# next_boot: reboots the guest, whose scenario is then run again; for `# reboots: yes`. The disk keeps the count of the checks.
next_boot() {
  finished=yes
  echo "$checks $failures $((this_boot + 1))" >$boots_file
  sync
  busybox reboot -f
  sleep infinity
}

# The number of this boot, from 1.
boots_file=/var/lib/lab-boots this_boot=1
[[ ! -e $boots_file ]] || read -r checks failures this_boot <$boots_file

# check TITLE COMMAND...: reports `ok` if the command succeeds, otherwise `not ok` with the command's output.
check() {
  local title=$1 output
  shift
  checks=$((checks + 1))
  if output=$("$@" 2>&1); then
    echo "ok - $title"
    return
  fi
  failures=$((failures + 1))
  echo "not ok - $title"
  echo "  command: $*"
  [[ -z $output ]] || sed 's/^/  /' <<<"$output"
}

# note TEXT...: prints a comment line.
note() { echo "# $*"; }

not() { ! "$@"; }

# absent PATH: the path does not exist, not even as a dangling link.
absent() { [[ ! -e $1 && ! -L $1 ]]; }

# same FOUND EXPECTED: both strings are equal.
same() {
  [[ $1 == "$2" ]] && return
  echo "found:    $1"
  echo "expected: $2"
  return 1
}

# exits STATUS COMMAND...: the command exits with this status.
exits() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  echo "exit status $got, expected $want"
  ((got == want))
}

# contains TEXT COMMAND...: the command's output contains the text; the exit status is ignored.
contains() {
  local want=$1 got
  shift
  got=$("$@" 2>&1)
  echo "$got"
  [[ $got == *"$want"* ]]
}

# until_true SECONDS COMMAND...: retries until the command succeeds. For states that change asynchronously without a
# notification; the pause only limits the load of the loop.
until_true() {
  local end=$((SECONDS + $1)) output
  shift
  while ! output=$("$@" 2>&1); do
    if ((SECONDS >= end)); then
      echo "$output"
      return 1
    fi
    sleep 0.2
  done
}

# reload_rules: udevd reads its rules again. Twice, since it can ignore a request (scenario reload-lost).
reload_rules() { udevadm control --reload && udevadm control --reload; }

settle() { udevadm settle --timeout=120; }

# bind ADDRESS: binds the PCI function to vfio-pci. The kernel has created the VFIO device when this returns; udevd may
# still process the event: `settle`.
bind() {
  unbind "$1" && echo vfio-pci >"$pci/$1/driver_override" && echo "$1" >/sys/bus/pci/drivers_probe
}

# unbind ADDRESS: unbinds the PCI function from its driver, if it has one.
unbind() {
  if [[ -e $pci/$1/driver ]]; then
    echo "$1" >"$pci/$1/driver/unbind"
  fi
}

# virtual_functions COUNT CONTROLLER...: enables COUNT virtual functions of each controller, without a driver.
virtual_functions() {
  local count=$1 pf
  shift
  for pf; do
    echo 0 >$pci/$pf/sriov_drivers_autoprobe && echo "$count" >$pci/$pf/sriov_numvfs || return
  done
}

# functions_of CONTROLLER...: prints their virtual functions, one per line, sorted.
functions_of() {
  local pf vf
  for pf; do
    for vf in $pci/$pf/virtfn*; do basename "$(readlink "$vf")"; done
  done | sort
}

# vfio_of SYSFS: prints the vfioN of a device.
vfio_of() {
  local found=("$1"/vfio-dev/vfio*)
  if ((${#found[@]} != 1)) || [[ ! -d ${found[0]} ]]; then
    echo "$1 has no vfio device, or several: ${found[*]}" >&2
    return 1
  fi
  echo "${found[0]##*/}"
}

# link_correct LINK SYSFS: the link points to a node with the device's number, and its target is the relative path of the
# naming scheme.
link_correct() {
  local vfio want got
  vfio=$(vfio_of "$2") || return
  if [[ ! -L $1 ]]; then
    echo "$1 is not a link"
    return 1
  fi
  want=$(<"$2/vfio-dev/$vfio/dev")
  got=$(stat -L -c '%F %Hr:%Lr' "$1") || return
  same "$got" "character special file $want" && same "$(readlink "$1")" "../devices/$vfio"
}

# pci_links_correct ADDRESS...: the link below /dev/vfio/pci of each PCI function is correct.
pci_links_correct() {
  local address bad=0
  for address; do
    link_correct "/dev/vfio/pci/$address" "$pci/$address" || bad=1
  done
  return $bad
}

# only DIRECTORY NAME...: the directory has exactly these entries; without NAME it is empty or does not exist.
only() {
  local directory=$1
  shift
  same "$(ls -A "$directory" 2>/dev/null | sort)" "$( (($# == 0)) || printf '%s\n' "$@" | sort)"
}

# monitor LINE: sends a line to QEMU's monitor through the host; returns when it was sent.
monitor() {
  echo "$*" >/results/monitor.part
  mv /results/monitor.part /results/monitor.ask
  until_true 60 absent /results/monitor.ask
}

# The command that runs the program under test: the native program, or with `run --node` the one that runs on Node.
vfio_names_command=/project/dist/native/vfio-names
[[ ! -e /project/on-node ]] || vfio_names_command='/usr/bin/node /project/dist/vfio-names.cjs'
export vfio_names_command

# vfio_names ARGUMENT...: runs the program under test.
vfio_names() { $vfio_names_command "$@"; }

# run_program ARGUMENT...: runs the program once; `status` and `output_has` check this run.
run_program() {
  got=0
  out=$(vfio_names "$@" 2>&1) || got=$?
}

# status NUMBER: run_program ended with this status.
status() { same "$got" "$1" || { echo "$out" && return 1; }; }

# output_has TEXT: run_program printed this text.
output_has() {
  echo "$out"
  [[ $out == *"$1"* ]]
}
