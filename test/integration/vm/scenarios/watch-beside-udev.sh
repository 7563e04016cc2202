# udevd with our rules and the service run at once with 127 virtual functions: no link is removed, or leads to another node.
# Where the service was first, udevd replaces the link by the same one: a rename, so that it is there all the time
# (node_create_symlink() in systemd's src/udev/udev-node.c).
# kernels: cdev
# devices: sriov
# timeout: 900
# cpus: 2

. /project/test/integration/vm/guest/watch.sh
pf=0000:01:00.0 count=127
soon=180

check "enable $count virtual functions" virtual_functions $count $pf
mapfile -t functions < <(functions_of $pf)
first=${functions[0]} others=("${functions[@]:1}")
links() { same "$(find /dev/vfio -type l 2>/dev/null | wc -l)" "$1"; }

start_watch
check "the service completes its first pass" until_true $soon test -e /tmp/figures.prom
bind "$first"
check "the first link is correct" until_true $soon pci_links_correct "$first"
settle
record /tmp/log
for vf in "${others[@]}"; do bind "$vf"; done
settle
check "there are $count links" until_true $soon links $count
check "$count links are correct" pci_links_correct "${functions[@]}"
# A second event for each device must not change a link.
udevadm trigger --subsystem-match=vfio-dev --action=change
settle
check "the service completes another pass" reload_watch
end_record
note "$($observer latency /tmp/log)"
check "no link was removed or led to another node" $observer steady /tmp/log
note "$($observer steady /tmp/log | tail -n 1)"
note "the service created $(grep -c '"added"' /tmp/lines) of $count links, udevd the others"
check "the service repaired no link" not grep -q '"repaired"' /tmp/lines

check "disable the virtual functions" virtual_functions 0 $pf
settle
check "no link is left" until_true $soon links 0
check "the service reported no problem" not grep '^vfio-names:' /tmp/troubles
status=0
end_watch || status=$?
check "the service exits with status 0 on SIGTERM" same $status 0
