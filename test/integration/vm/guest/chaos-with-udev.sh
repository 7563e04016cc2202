# What the scenario chaos does differently from watch-chaos, whose actions are sourced before: udevd runs, with rules of a policy
# with everything on, and the service keeps a CDI file.

actions=(bind bind bind unbind unbind exchange rebind_all plug remove_links obstruct wrong_link false_link stale_link kill kill
  clock fill good_policy good_policy bad_policy restart_udevd install_rules)
# The device that the policy in force gives to a user.
granted=${fixed[0]}
tags=yes
cdi=/run/cdi/vfio.json

# path_of ADDRESS: the name below by-path of these devices.
path_of() {
  if [[ $1 == "$slot" ]]; then echo by-path/pci0000_00-07.0-00.0; else echo "by-path/pci0000_00-${1#0000:00:}"; fi
}
alias_of() {
  case $1 in
    "${fixed[0]}") echo by-alias/first ;;
    "${fixed[1]}") echo by-alias/second ;;
  esac
}
# names_of ADDRESS: the names that the policy gives it.
names_of() {
  local tag
  echo "pci/$1" && path_of "$1" && alias_of "$1"
  tag=$(tag_of "$1")
  [[ ! $tags ]] || echo "${tag#/dev/vfio/}"
}

write_policy() {
  cat >/run/vfio-names/10.toml <<POLICY
[names]
groups = true
by-path = true
by-tag = $([[ $tags ]] && echo true || echo false)
[names.by-alias]
first = { name = "${fixed[0]}" }
second = { name = "${fixed[1]}" }
[[access]]
match = { name = "$granted" }
owner = "nobody"
group = "kvm"
mode = "0660"
[[bind]]
match = { path = "pci0000_00-07.0-*" }
POLICY
}
# install_rules: the rules of the policy, for names and for drivers, and an event for each device.
install_rules() {
  vfio_names rules render --bind >/run/udev/rules.d/60-vfio-names-bind.rules || return
  rules_via native || return
  udevadm trigger --subsystem-match=vfio-dev --subsystem-match=vfio --action=change
}

start_watch() {
  rm -f $figures
  $program watch --json --interval 3600 --metrics $figures --cdi $cdi >>/tmp/lines 2>>/tmp/troubles &
  service=$!
}

# names_right: each bound device has its names, and its group has, and there are no others. When a device goes, udev removes
# what lies at the place of its link, whatever it is (link_update in systemd's src/udev/udev-node.c): the obstacle may be gone.
names_right() {
  local address name count=0 bad=0
  for address in $(bound); do
    for name in $(names_of "$address"); do
      if [[ $name != "pci/$obstructed" ]] || ! obstacle_there; then
        named_right "$name" "$address" || bad=1
        count=$((count + 1))
      fi
      group_link_correct "/dev/vfio/groups/$name" "$(group_of "$address")" || bad=1
      count=$((count + 1))
    done
  done
  ! obstacle_there || [[ $obstacle_stat != symbolic* ]] || count=$((count + 1))
  same "$(find /dev/vfio -type l | wc -l)" $count || { find /dev/vfio -type l | sort && bad=1; }
  same "$(find /dev/vfio -name '.*')" "" || bad=1
  return $bad
}
named_right() { link_correct "/dev/vfio/$1" "$pci/$2"; }
# obstacle_there: the obstacle is where it was put, whether its device is bound or gone.
obstacle_there() {
  [[ $obstructed && $(stat -c %F%s "/dev/vfio/pci/$obstructed" 2>/dev/null) == "$obstacle_stat" ]]
}

# access_right: the nodes of the device that the policy names are its user's, all others root's.
access_right() {
  local address want bad=0
  for address in $(bound); do
    want='root:root 600'
    [[ $address != "$granted" ]] || want='nobody:kvm 660'
    same "$(stat -c '%U:%G %a' "/dev/vfio/devices/$(vfio_of $pci/"$address")")" "$want" || bad=1
    same "$(stat -c '%U:%G %a' "/dev/vfio/$(group_of "$address")")" "$want" || bad=1
  done
  return $bad
}

# cdi_right: the file has the bound devices with their nodes.
cdi_right() {
  local address want found=''
  want=$(for address in $(bound); do echo "$address /dev/vfio/devices/$(vfio_of $pci/"$address")"; done | sort)
  [[ ! -e $cdi ]] || found=$(node -e 'for (const { name, containerEdits } of JSON.parse(fs.readFileSync(process.argv[1])).devices)
    if (name !== "all") console.log(name, containerEdits.deviceNodes[0].path)' $cdi | sort)
  same "$found" "$want"
}

all_right() { names_right && access_right && cdi_right; }
all_right_and_verified() { all_right && exits 0 vfio_names verify; }

# judge_finds TEXT: the judge prints this about what is wrong now, and ends with status 1.
judge_finds() {
  local status=0
  rm -f /tmp/stop
  $guest/judge /tmp/stop 0 "${judged[@]}" >/tmp/found &
  until_true 60 grep -q "$1" /tmp/found
  touch /tmp/stop
  wait $! || status=$?
  cat /tmp/found
  same $status 1 && grep -q "$1" /tmp/found
}

# wait_until TITLE COMMAND: reports only what does not become true, since there are many.
wait_until() { until_true $soon "$2" >/dev/null || check "$1" "$2"; }

# Without the driver of the kernel, the rules give what is plugged in to vfio-pci. They may have set the override when that driver
# was about to have the device, and leave alone a device that has one.
do_plug() {
  if [[ $plugged ]]; then
    pull
  else
    plug && unbind $slot && settle && echo >$pci/$slot/driver_override && udevadm trigger --action=add $pci/$slot
    until_true $soon slot_bound >/dev/null || check "the slot's device gets vfio-pci" slot_bound_or_why
  fi
}
slot_bound() { [[ -d $pci/$slot/vfio-dev ]]; }
slot_bound_or_why() {
  slot_bound && return
  pgrep -a -f udev
  grep -H . $pci/$slot/driver_override
  udevadm info $pci/$slot
  udevadm test --action=add $pci/$slot
  return 1
}

# A name that leads to another device.
do_false_link() {
  local all
  mapfile -t all < <(bound)
  ((${#all[@]} > 1)) && [[ $obstructed != "${all[0]}" ]] || return 0
  mkdir -p /dev/vfio/pci
  ln -sfn "../devices/$(vfio_of "$pci/${all[1]}")" "/dev/vfio/pci/${all[0]}"
}

do_good_policy() {
  if ((RANDOM % 2)); then
    if [[ $tags ]]; then tags=''; else tags=yes; fi
  elif [[ $granted == "${fixed[0]}" ]]; then
    granted=${fixed[1]}
  else
    granted=${fixed[0]}
  fi
  write_policy
  install_rules
  hup
}
do_install_rules() { install_rules; }
do_restart_udevd() {
  settle
  if ((RANDOM % 2)); then end_bare_udev; else pkill -9 -x systemd-udevd; fi
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
  /usr/lib/systemd/systemd-udevd --daemon
}
