# Functions for the scenarios of probe, which source this file. Starting the program takes seconds in the guest, so several
# checks use one run.

# run COMMAND...: writes the command's output to /tmp/out and sets `status` to its exit status.
run() {
  status=0
  "$@" >/tmp/out 2>&1 || status=$?
}

# exited STATUS TEXT...: the last run had this exit status, and its output contains each of the texts.
exited() {
  local want=$1 text bad=0
  shift
  [[ $status == "$want" ]] || { echo "exit status $status, expected $want"; bad=1; }
  for text; do
    grep -qF -- "$text" /tmp/out || { echo "not in the output: $text"; bad=1; }
  done
  ((bad == 0)) || cat /tmp/out
  return $bad
}

# facts EXPRESSION...: sets the array `fact` to the value of each JavaScript expression; `p` is the first probe in the JSON
# output of the last run.
facts() {
  mapfile -t fact < <(node -e '
    const p = JSON.parse(require("fs").readFileSync("/tmp/out", "utf8").replace(/^vfio-names: .*$/gm, "")).probes[0];
    for (const expression of process.argv.slice(1)) console.log(Boolean(eval(expression)));' "$@" 2>&1)
}

# resets: prints the number of function resets that the kernel has logged.
resets() { dmesg | grep -c 'vfio-pci .*: resetting' || true; }

# holder HOW NODE: starts a process that opens the node; sets `held` to its PID. Must not run in `check`, whose subshell
# would keep the variable. holder_ready: the process has the node open.
holder() {
  # Remove the output of an earlier process.
  rm -f /tmp/held
  node /project/test/integration/vm/guest/probe-hold.mjs "$1" "$2" >/tmp/held 2>&1 &
  held=$!
  until_true 60 test -s /tmp/held
}
holder_ready() { same "$(</tmp/held)" held; }

# release: ends the process that has the node open and waits for it.
release() {
  kill "$held"
  wait "$held" 2>/dev/null
  true
}

# from_container ARGUMENT...: runs probe in a PID namespace, as in a container that cannot see the host's processes.
from_container() { unshare --pid --fork --mount-proc $vfio_names_command probe "$@"; }

# group_of ADDRESS: prints the number of its IOMMU group.
group_of() { basename "$(readlink "$pci/$1/iommu_group")"; }
