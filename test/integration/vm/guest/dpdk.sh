# Functions for the scenarios that run dpdk-testpmd of Debian sid; sourced after clients.sh.

mkfifo /tmp/input
exec 9<>/tmp/input

# start ADDRESS COMMAND...: starts testpmd by the command with this device only, with two threads on one processor and without
# huge pages.
start() {
  timeout 500 "${@:2}" dpdk-testpmd --lcores '0@0,1@0' --no-huge -m 64 --no-telemetry -a "$1" -- -i --total-num-mbufs=2048 \
    <&9 >/tmp/out 2>&1 9>&- &
  child=$!
}
has_prompt() { grep -q 'testpmd>' /tmp/out || { cat /tmp/out && return 1; }; }
# quit: testpmd prints its port and ends; `status` and `output_has` check this run.
quit() {
  printf 'show port info 0\nquit\n' >&9
  got=0
  wait $child || got=$?
  out=$(</tmp/out)
}

number_of() { stat -L -c '%Hr:%Lr' "$1"; }
# opened_by PID: the numbers of the nodes of VFIO groups and devices that the process has open.
opened_by() {
  local fd number
  for fd in /proc/"$1"/fd/*; do
    number=$(number_of "$fd" 2>/dev/null) || continue
    case $(readlink "/sys/dev/char/$number/subsystem") in */class/vfio | */class/vfio-dev) echo "$number" ;; esac
  done | sort -u
}
# mac_of ADDRESS: what the kernel's driver has read from the card.
mac_of() { cat $pci/"$1"/net/*/address; }
# lists_card ADDRESS MAC: testpmd lists this device, and it is the card that the kernel's driver had at this address.
lists_card() { output_has "Device name: $1" && output_has "MAC address: ${2^^}"; }
