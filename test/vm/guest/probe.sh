# Functions for the scenarios of probe; they source it. A start of the program takes seconds in the
# guest, so one run serves several checks.

# run COMMAND...: its output to /tmp/out, its exit status to `status`.
run() {
  status=0
  "$@" >/tmp/out 2>&1 || status=$?
}

# gave STATUS TEXT...: the last run had this exit status, and its output has each of the texts.
gave() {
  local want=$1 text bad=0
  shift
  [[ $status == "$want" ]] || { echo "exit status $status, expected $want"; bad=1; }
  for text; do
    grep -qF -- "$text" /tmp/out || { echo "not there: $text"; bad=1; }
  done
  ((bad == 0)) || cat /tmp/out
  return $bad
}

# facts EXPRESSION...: sets the array `fact` to what each JavaScript expression says of the JSON
# document of the last run; `p` is its first probe.
facts() {
  mapfile -t fact < <(node -e '
    const p = JSON.parse(require("fs").readFileSync("/tmp/out", "utf8").replace(/^vfio-names: .*$/gm, "")).probes[0];
    for (const expression of process.argv.slice(1)) console.log(Boolean(eval(expression)));' "$@" 2>&1)
}

# resets: how many resets of functions the kernel has told of.
resets() { dmesg | grep -c 'vfio-pci .*: resetting' || true; }

# holder HOW NODE: start a process of its own that takes the node; sets `held` to its number. Not
# under `check`, whose shell would know it alone: `holds` says whether it has it.
holder() {
  # What the holder before said must not be taken for this one's word.
  rm -f /tmp/held
  node /project/test/vm/guest/probe-hold.mjs "$1" "$2" >/tmp/held 2>&1 &
  held=$!
  until_true 60 test -s /tmp/held
}
holds() { same "$(</tmp/held)" held; }

# let_go: end the holder, and wait until it is gone.
let_go() {
  kill "$held"
  wait "$held" 2>/dev/null
  true
}

# elsewhere ARGUMENT...: probe as from a container, where the host's processes are not seen.
elsewhere() { unshare --pid --fork --mount-proc node /project/dist/vfio-names.cjs probe "$@"; }

# group_of ADDRESS: the number of its IOMMU group.
group_of() { basename "$(readlink "$pci/$1/iommu_group")"; }
