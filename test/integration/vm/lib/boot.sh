# Boots one guest for one scenario and waits for its end. Knows nothing about what is tested.
#
# Host and guest speak through the results directory (a share):
#   started       the guest's init script runs
#   report        the scenario's output
#   status        the scenario's exit status, written last
#   monitor.ask   a line for QEMU's monitor; taken away by the host when it is sent

start_limit=120 # seconds until `started`
early_limit=300 # the same where an image for early boot comes before
start_tries=3

# Makes an emulated guest faster. QEMU looks up translated code by its address, so with randomized addresses it translates a
# program again each time the program starts. A second processor costs about a third more time, five-level page tables about a
# tenth. The 512 legacy terminals are most of the devices that udevd handles at boot.
# The console gets what the kernel says as a warning or worse: kernel_reports reads it.
fixed_arguments="norandmaps pty.legacy_count=0 no_timer_check quiet loglevel=5"
processor=max,la57=off

# The processes of the guest that runs in this shell; stop_guest ends them.
qemu='' reader=''

# boot KERNEL SET CPUS TIMEOUT RESULTS INITRAMFS ARGUMENT...: INITRAMFS is a file or nothing; the arguments go onto the
# kernel's command line. Sets `why` to the reason when the guest did not end by itself with a status. Not for
# a subshell: stop_guest must know the processes.
boot() {
  local try
  for ((try = 1; try <= start_tries; try++)); do
    rm -rf "$5"
    mkdir -p "$5"
    why=''
    boot_once "$@" && return
    # Without the first mark nothing of the project has run yet: that was the emulator.
    [[ -e $5/started ]] && return 1
    echo "# the guest did not start (try $try of $start_tries): $why"
  done
  return 1
}

stop_guest() {
  [[ -z $qemu ]] || kill -9 "$qemu" 2>/dev/null || true
  [[ -z $reader ]] || kill "$reader" 2>/dev/null || true
  wait $qemu $reader 2>/dev/null || true
  qemu='' reader=''
}

boot_once() {
  local kernel=$1 set=$2 cpus=$3 limit=$4 results=$5 initramfs=$6
  local devices modules deadline start=$start_limit began=$SECONDS
  shift 6
  [[ -z $initramfs ]] || start=$early_limit
  devices_of "$set"
  # Without `npm ci` the share is an empty directory.
  modules=$project/node_modules
  [[ -d $modules ]] || modules=${results%/*}/project/node_modules
  # shellcheck disable=SC2154 # set by the caller: empty, or the directory
  [[ -z $clients ]] || devices+=(-fsdev "local,id=clients,path=$clients,security_model=none,readonly=on"
    -device virtio-9p-pci,fsdev=clients,mount_tag=clients,addr=14.0)
  mkfifo "$results/monitor.in" "$results/monitor.out"
  cat <>"$results/monitor.out" >"$results/monitor.log" &
  reader=$!
  # shellcheck disable=SC2154 # set by the caller: empty, or the option
  qemu-system-x86_64 -nodefaults $no_reboot -display none -serial stdio \
    -m 2048 -smp "$cpus" -accel tcg,thread=multi -machine q35,kernel-irqchip=split -cpu "$processor" \
    -device intel-iommu,intremap=on,caching-mode=on \
    -kernel "$(kernel_dir "$kernel")/bzImage" ${initramfs:+-initrd "$initramfs"} \
    -append "console=ttyS0 root=rootfs rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=loose ro init=/lab-init intel_iommu=on $fixed_arguments systemd.unit=lab.target $*" \
    -fsdev "local,id=root,path=$(guest_dir),security_model=none,readonly=on" \
    -device virtio-9p-pci,fsdev=root,mount_tag=rootfs,addr=10.0 \
    -fsdev "local,id=project,path=${results%/*}/project,security_model=none,readonly=on" \
    -device virtio-9p-pci,fsdev=project,mount_tag=project,addr=11.0 \
    -fsdev "local,id=modules,path=$modules,security_model=none,readonly=on" \
    -device virtio-9p-pci,fsdev=modules,mount_tag=modules,addr=13.0 \
    -fsdev "local,id=results,path=$results,security_model=none" \
    -device virtio-9p-pci,fsdev=results,mount_tag=results,addr=12.0 \
    -chardev "pipe,id=mon,path=$results/monitor" -mon chardev=mon,mode=readline \
    "${devices[@]}" </dev/null >"$results/console.log" 2>&1 &
  qemu=$!
  deadline=$((SECONDS + start))
  while kill -0 "$qemu" 2>/dev/null; do
    if [[ -e $results/started ]]; then
      deadline=$((began + limit))
      relay_monitor "$results"
    fi
    if ((SECONDS > deadline)); then
      why="no end after $((SECONDS - began)) s"
      break
    fi
    sleep 0.2
  done
  stop_guest
  rm -f "$results/monitor.in" "$results/monitor.out"
  if [[ ! -e $results/status ]]; then
    why=${why:-the guest ended without a result}
    return 1
  fi
}

# relay_monitor RESULTS: send the guest's line, if there is one, to QEMU's monitor.
relay_monitor() {
  [[ -e $1/monitor.ask ]] || return 0
  cat "$1/monitor.ask" >"$1/monitor.in"
  rm "$1/monitor.ask"
}
