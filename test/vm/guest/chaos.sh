# What can happen to the service in watch-chaos, each a function `do_NAME`; and the truth, judged by stat and sysfs.
# An action returns when the kernel has done its part, never when the service has. $RANDOM decides.

fixed=(0000:00:04.0 0000:00:05.0 0000:00:06.0)
slot=0000:01:00.0
actions=(bind bind bind unbind unbind exchange rebind_all plug remove_names remove_all hostile hostile false_name left_over
  kill kill clock fill good_policy bad_policy)
tags='' # yes: the policy gives names by tag, too
hostile='' # what lies in the place of which name
plugged='' kills=0 full=''
starting='' # yes: the service was started in this step, and may not have read its policy yet

# present: the functions that there are.
present() {
  local address
  for address in "${fixed[@]}" $slot; do
    if [[ -e $pci/$address ]]; then echo "$address"; fi
  done
}
# bound: those that have a VFIO device.
bound() {
  local address
  for address in "${fixed[@]}" $slot; do
    if [[ -d $pci/$address/vfio-dev ]]; then echo "$address"; fi
  done
}
tag_of() {
  local tag=${1//:/_}
  echo "/dev/vfio/by-tag/pci-${tag//./_}"
}

# truth: each bound function has its true names, and there is no other link; what is hostile is as it was put.
truth() {
  local address count=0 bad=0
  for address in $(bound); do
    if [[ $hostile == "$address" ]]; then
      same "$(stat -c %F%s "/dev/vfio/pci/$address")" "$hostile_is" || bad=1
    else
      true_pci "$address" || bad=1
      count=$((count + 1))
    fi
    if [[ $tags ]]; then
      true_name "$(tag_of "$address")" "$pci/$address" || bad=1
      count=$((count + 1))
    fi
  done
  [[ $hostile && $hostile_is == symbolic* ]] && count=$((count + 1))
  same "$(find /dev/vfio -type l | wc -l)" $count || bad=1
  same "$(find /dev/vfio -name '.*')" "" || bad=1
  return $bad
}

# pick COMMAND...: sets `picked` to a line of its output; fails without one. Not in a process of its own, where $RANDOM
# would be another.
pick() {
  local lines
  mapfile -t lines < <("$@")
  ((${#lines[@]})) || return
  picked=${lines[RANDOM % ${#lines[@]}]}
}

do_bind() { if pick present; then bind "$picked"; fi; }
do_unbind() { if pick bound; then unbind "$picked"; fi; }
# All give their numbers back and take them in another order.
do_exchange() {
  local address all
  mapfile -t all < <(bound | sort -r)
  for address in "${all[@]}"; do unbind "$address"; done
  for address in "${all[@]}"; do bind "$address"; done
}
do_rebind_all() {
  local address
  for address in $(bound); do unbind "$address" && bind "$address"; done
}
do_plug() {
  local try
  if [[ $plugged ]]; then
    # A slot that is still at work with the last wish overhears the next one.
    for try in {1..12}; do
      monitor device_del "$plugged"
      until_true 20 absent $pci/$slot >/dev/null && break
    done
    plugged=''
  else
    plugged=hot$RANDOM
    monitor device_add "e1000e,id=$plugged,bus=rp0"
    until_true 240 test -e $pci/$slot/driver/bind
    bind $slot
  fi
}
do_remove_names() {
  rm -rf /dev/vfio/pci
  hostile=''
}
# The kernel makes no node anew but with its device.
do_remove_all() {
  rm -rf /dev/vfio
  hostile=''
  do_rebind_all
}
do_hostile() {
  local path
  [[ ! $hostile ]] && pick bound || return 0
  hostile=$picked path=/dev/vfio/pci/$picked
  mkdir -p /dev/vfio/pci
  # The service may put the name back in between.
  case $((RANDOM % 3)) in
    0) echo mine >/dev/vfio/.hostile ;;
    # An empty directory is nothing that anybody would miss: the service removes it.
    1) mkdir /dev/vfio/.hostile && echo mine >/dev/vfio/.hostile/file ;;
    2) ln -s /dev/null /dev/vfio/.hostile ;;
  esac
  hostile_is=$(stat -c %F%s /dev/vfio/.hostile)
  until mv -fT /dev/vfio/.hostile "$path" 2>/dev/null; do
    rm -f "$path"
    mkdir -p /dev/vfio/pci
  done
}
end_hostility() {
  [[ $hostile ]] || return 0
  rm -rf "/dev/vfio/pci/$hostile"
  hostile=''
}
do_false_name() { if pick bound && [[ $hostile != "$picked" ]]; then ln -sfn ../devices/vfio999 "/dev/vfio/pci/$picked"; fi; } 2>/dev/null
do_left_over() { ln -s ../devices/vfio77 "/dev/vfio/pci/0000:77:00.$((RANDOM % 8))"; } 2>/dev/null
# It dies in the middle of something, and something happens while it is dead.
do_kill() {
  do_exchange
  kill -9 $service
  wait $service 2>/dev/null
  kills=$((kills + 1))
  do_bind
  do_left_over
  start_watch
  starting=yes
}
do_clock() {
  date -s "@$(($(date +%s) + (RANDOM % 2 ? 86400 : -86400)))" >/dev/null
  do_rebind_all
}
do_fill() {
  if [[ $full ]]; then
    rm /run/small/full
    full=''
  else
    cat /dev/zero >/run/small/full 2>/dev/null
    full=yes
  fi
  do_bind
}
# hup: SIGHUP, which ends a process that does not listen yet.
listens() { ((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$service/status") & 1)); }
alive() { kill -0 $service 2>/dev/null; }
hup() { until_true 240 eval '! alive || listens' && kill -HUP $service; }
do_good_policy() {
  if [[ $tags ]]; then
    tags=''
    : >/run/vfio-names/10.toml
  else
    tags=yes
    printf '[names]\nby-tag = true\n' >/run/vfio-names/10.toml
  fi
  hup
}
refusals() { grep -c 'the old one stays' /tmp/troubles; }
# The old one stays. A reload that was asked for before may have met the bad one, so the good one is read once more. Who
# was just starting has no old one and ends: then it is started again, as by its supervisor.
do_bad_policy() {
  local before
  before=$(refusals)
  cp /run/vfio-names/10.toml /run/good.toml
  echo '[nonsense]' >/run/vfio-names/10.toml
  hup
  until_true 240 eval "! alive || ((\$(refusals) > $before))" || echo "# no word of the bad policy"
  cp /run/good.toml /run/vfio-names/10.toml
  if alive; then hup; elif [[ $starting ]] && ended_by_policy; then start_watch; fi
}
# ended_by_policy: with the status of a wrong policy; any other end is a fault, and the step tells that nothing runs.
ended_by_policy() {
  local status=0
  wait $service 2>/dev/null || status=$?
  ((status == 2))
}
