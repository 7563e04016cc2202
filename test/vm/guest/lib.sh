# Functions for scenarios. A scenario is sourced after this file; every `check` is one line of the
# report. Links are judged by stat(1) and sysfs, never by the program under test.

checks=0 failures=0 finished=
pci=/sys/bus/pci/devices

# The report ends with a count only if the scenario was run to its end.
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

# check SENTENCE COMMAND...: the sentence holds if the command succeeds; its output is shown if not.
check() {
  local sentence=$1 output
  shift
  checks=$((checks + 1))
  if output=$("$@" 2>&1); then
    echo "ok - $sentence"
    return
  fi
  failures=$((failures + 1))
  echo "not ok - $sentence"
  echo "  command: $*"
  [[ -z $output ]] || sed 's/^/  /' <<<"$output"
}

# note TEXT...: a line for the reader.
note() { echo "# $*"; }

not() { ! "$@"; }

# absent PATH: nothing there, not even a link that leads nowhere.
absent() { [[ ! -e $1 && ! -L $1 ]]; }

# same FOUND EXPECTED: both texts are equal.
same() {
  [[ $1 == "$2" ]] && return
  echo "found:    $1"
  echo "expected: $2"
  return 1
}

# exits STATUS COMMAND...: the command's exit status is exactly this.
exits() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  echo "exit status $got, expected $want"
  ((got == want))
}

# contains TEXT COMMAND...: the command's output has the text, whatever its exit status.
contains() {
  local want=$1 got
  shift
  got=$("$@" 2>&1)
  echo "$got"
  [[ $got == *"$want"* ]]
}

# until_true SECONDS COMMAND...: try until the command succeeds. The wait is for a state that an
# event brings, of which nothing tells; the pause only keeps the loop from eating the machine.
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

settle() { udevadm settle --timeout=120; }

# bind ADDRESS: give the PCI function to vfio-pci. The kernel has made or removed the VFIO device
# when this returns; udevd may still be at work: `settle`.
bind() {
  unbind "$1" && echo vfio-pci >"$pci/$1/driver_override" && echo "$1" >/sys/bus/pci/drivers_probe
}

# unbind ADDRESS: take it from whatever driver has it.
unbind() {
  if [[ -e $pci/$1/driver ]]; then
    echo "$1" >"$pci/$1/driver/unbind"
  fi
}

# virtual_functions COUNT CONTROLLER...: so many of each, without a driver.
virtual_functions() {
  local count=$1 pf
  shift
  for pf; do
    echo 0 >$pci/$pf/sriov_drivers_autoprobe && echo "$count" >$pci/$pf/sriov_numvfs || return
  done
}

# functions_of CONTROLLER...: their virtual functions, one a line, sorted.
functions_of() {
  local pf vf
  for pf; do
    for vf in $pci/$pf/virtfn*; do basename "$(readlink "$vf")"; done
  done | sort
}

# vfio_of SYSFS: the vfioN of a device.
vfio_of() {
  local found=("$1"/vfio-dev/vfio*)
  if ((${#found[@]} != 1)) || [[ ! -d ${found[0]} ]]; then
    echo "$1 has no vfio device, or several: ${found[*]}" >&2
    return 1
  fi
  echo "${found[0]##*/}"
}

# true_name LINK SYSFS: the link leads to the very node that the kernel gives this device, and its
# text is the relative one the naming scheme promises.
true_name() {
  local vfio want got
  vfio=$(vfio_of "$2") || return
  if [[ ! -L $1 ]]; then
    echo "$1 is no link"
    return 1
  fi
  want=$(<"$2/vfio-dev/$vfio/dev")
  got=$(stat -L -c '%F %Hr:%Lr' "$1") || return
  same "$got" "character special file $want" && same "$(readlink "$1")" "../devices/$vfio"
}

# true_pci ADDRESS...: each of these PCI functions has its true name.
true_pci() {
  local address bad=0
  for address; do
    true_name "/dev/vfio/pci/$address" "$pci/$address" || bad=1
  done
  return $bad
}

# only DIRECTORY NAME...: the directory has exactly these entries; without a name it is empty or
# not there.
only() {
  local directory=$1
  shift
  same "$(ls -A "$directory" 2>/dev/null | sort)" "$( (($# == 0)) || printf '%s\n' "$@" | sort)"
}

# monitor LINE: have the host type a line into QEMU's monitor; returns when it was sent.
monitor() {
  echo "$*" >/results/monitor.part
  mv /results/monitor.part /results/monitor.ask
  until_true 60 absent /results/monitor.ask
}

# vfio_names ARGUMENT...: the program under test.
vfio_names() { node /project/dist/vfio-names.cjs "$@"; }
