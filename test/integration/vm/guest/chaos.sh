# The actions of the scenario watch-chaos, each a function `do_NAME`, and `links_match`, which checks the links by stat and
# sysfs. An action returns when the kernel has finished and does not wait for the service. $RANDOM decides.

fixed=(0000:00:04.0 0000:00:05.0 0000:00:06.0)
slot=0000:01:00.0
actions=(bind bind bind unbind unbind exchange rebind_all plug remove_links remove_all obstruct obstruct wrong_link stale_link
  kill kill clock fill good_policy bad_policy)
tags='' # yes: the policy has by-tag links
obstructed='' # address whose link path is occupied by another file
plugged='' kills=0 full=''
starting='' # yes: the service was started in this step and may not have read its policy yet

# present: the functions that exist.
present() {
  local address
  for address in "${fixed[@]}" $slot; do
    if [[ -e $pci/$address ]]; then echo "$address"; fi
  done
}
# bound: the functions that have a VFIO device.
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

# links_match: each bound function has correct links, there is no other link, and the obstacle is unchanged.
links_match() {
  local address count=0 bad=0
  for address in $(bound); do
    if [[ $obstructed == "$address" ]]; then
      same "$(stat -c %F%s "/dev/vfio/pci/$address")" "$obstacle_stat" || bad=1
    else
      pci_links_correct "$address" || bad=1
      count=$((count + 1))
    fi
    if [[ $tags ]]; then
      link_correct "$(tag_of "$address")" "$pci/$address" || bad=1
      count=$((count + 1))
    fi
  done
  [[ $obstructed && $obstacle_stat == symbolic* ]] && count=$((count + 1))
  same "$(find /dev/vfio -type l | wc -l)" $count || bad=1
  same "$(find /dev/vfio -name '.*')" "" || bad=1
  return $bad
}

# pick COMMAND...: sets `picked` to a random line of the command's output; fails if there is no output. It must not run in
# a subshell, which has its own $RANDOM.
pick() {
  local lines
  mapfile -t lines < <("$@")
  ((${#lines[@]})) || return
  picked=${lines[RANDOM % ${#lines[@]}]}
}

do_bind() { if pick present; then bind "$picked"; fi; }
do_unbind() { if pick bound; then unbind "$picked"; fi; }
# Unbind all functions and bind them in another order, so that their numbers change.
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
# pull: takes the card out of the slot. A slot that still processes a request ignores the next one.
pull() {
  local try
  for try in {1..12}; do
    monitor device_del "$plugged"
    until_true 20 absent $pci/$slot >/dev/null && break
  done
  plugged=''
}
# plug: puts a card into the slot, which the kernel gives to its own driver.
plug() {
  plugged=hot$RANDOM
  monitor device_add "e1000e,id=$plugged,bus=rp0"
  until_true 240 test -e $pci/$slot/driver/bind
}
do_plug() { if [[ $plugged ]]; then pull; else plug && bind $slot; fi; }
do_remove_links() {
  rm -rf /dev/vfio/pci
  obstructed=''
}
# The kernel creates a node only together with its device.
do_remove_all() {
  rm -rf /dev/vfio
  obstructed=''
  do_rebind_all
}
do_obstruct() {
  local path
  [[ ! $obstructed ]] && pick bound || return 0
  obstructed=$picked path=/dev/vfio/pci/$picked
  mkdir -p /dev/vfio/pci
  # The service may create the link again in between.
  case $((RANDOM % 3)) in
    0) echo mine >/dev/vfio/.obstacle ;;
    # The service removes an empty directory, so this one contains a file.
    1) mkdir /dev/vfio/.obstacle && echo mine >/dev/vfio/.obstacle/file ;;
    2) ln -s /dev/null /dev/vfio/.obstacle ;;
  esac
  obstacle_stat=$(stat -c %F%s /dev/vfio/.obstacle)
  until mv -fT /dev/vfio/.obstacle "$path" 2>/dev/null; do
    rm -f "$path"
    mkdir -p /dev/vfio/pci
  done
}
remove_obstacle() {
  [[ $obstructed ]] || return 0
  rm -rf "/dev/vfio/pci/$obstructed"
  obstructed=''
}
do_wrong_link() { if pick bound && [[ $obstructed != "$picked" ]]; then ln -sfn ../devices/vfio999 "/dev/vfio/pci/$picked"; fi; } 2>/dev/null
do_stale_link() { ln -s ../devices/vfio77 "/dev/vfio/pci/0000:77:00.$((RANDOM % 8))"; } 2>/dev/null
# Kill the service during an exchange, and change devices and links while it does not run.
do_kill() {
  do_exchange
  kill -9 $service
  wait $service 2>/dev/null
  kills=$((kills + 1))
  do_bind
  do_stale_link
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
# listens: the service catches SIGHUP, or blocks it to read it from a descriptor; else the signal would end it. The shell that
# becomes the service catches it, too, until then.
listens() {
  [[ ! /proc/$service/exe -ef /bin/bash ]] &&
    awk '/^Sig(Cgt|Blk)/ { print $2 }' "/proc/$service/status" | grep -q '[13579bdf]$'
}
alive() { kill -0 $service 2>/dev/null; }
# hup: sends SIGHUP once the service listens.
hup() { until_true 240 eval '! alive || listens' && kill -HUP $service 2>/dev/null; }
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
rejections() { grep -c 'still using the previous one' /tmp/troubles; }
# The service keeps the previous policy. An earlier reload may have read the bad policy, so reload the good one again. A
# service that was just starting has no previous policy and ends: then start it again, as its supervisor would.
do_bad_policy() {
  local before
  before=$(rejections)
  cp /run/vfio-names/10.toml /run/good.toml
  echo '[nonsense]' >/run/vfio-names/10.toml
  hup
  until_true 240 eval "! alive || ((\$(rejections) > $before))" || echo "# the bad policy was not reported"
  cp /run/good.toml /run/vfio-names/10.toml
  if alive; then hup; elif [[ $starting ]] && ended_by_policy; then start_watch; fi
}
# ended_by_policy: the service ended with the status of an invalid policy (2); after any other status the step fails
# because the service does not run.
ended_by_policy() {
  local status=0
  wait $service 2>/dev/null || status=$?
  ((status == 2))
}
