# Functions for the scenarios of the service, below systemd and without it; they source it.

unit=vfio-names.service

# show PROPERTY: of the service's unit, as systemd has it.
show() { systemctl show --property="$1" --value $unit; }

# has PROPERTY VALUE
has() { same "$(show "$1")" "$2"; }

# install_unit [DROPIN]...: the unit as it is packaged but for the program's place, with these files beside it.
install_unit() {
  local dropin
  local dist='s|/usr/share/vfio-names/|/project/dist/|'
  sed "$dist" "/project/packaging/systemd/$unit" >"/run/systemd/system/$unit"
  mkdir -p "/run/systemd/system/$unit.d"
  # The emulator is slow; the sign of life is to be seen soon.
  printf '[Service]\nTimeoutStartSec=120\nWatchdogSec=20\n' >"/run/systemd/system/$unit.d/lab.conf"
  for dropin; do sed "$dist" "$dropin" >"/run/systemd/system/$unit.d/${dropin##*/}"; done
  systemctl daemon-reload
}

# end_udev: no udevd from here on. To stop its unit would stop the scenario, which requires it.
end_udev() {
  mkdir -p /run/systemd/system/systemd-udevd.service.d
  printf '[Service]\nRestart=no\n' >/run/systemd/system/systemd-udevd.service.d/lab.conf
  # The first start of a unit pulls in sysinit.target, and that udevd.
  systemctl mask --runtime --quiet systemd-udevd.service systemd-udevd-{control,kernel}.socket
  systemctl daemon-reload
  systemctl stop systemd-udevd-{control,kernel}.socket
  systemctl kill systemd-udevd.service
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
}

# end_bare_udev: the same where udevd is no unit.
end_bare_udev() {
  udevadm control --exit
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
}

# start_watch [SECONDS]: starts the service as a child; $figures is there when its first look is over. It
# rescans no sooner than in an hour: what is found, an event has told. What it says is in /tmp/lines and /tmp/troubles.
# Not below `check`, which runs in a process of its own.
figures=/tmp/figures.prom
start_watch() {
  rm -f $figures
  node --jitless --no-expose-wasm --optimize-for-size /project/dist/vfio-names.cjs watch --json --interval "${1:-3600}" \
    --metrics $figures >>/tmp/lines 2>>/tmp/troubles &
  service=$!
}

# end_watch: by SIGTERM; its status is that of the service.
end_watch() {
  kill -TERM $service
  wait $service
}

# passes: how often the service has looked.
passes() { sed -n 's/^vfio_names_passes_total //p' $figures; }

# reload_watch: has the service read the policy anew, and returns when it has looked at everything after it.
reload_watch() {
  local before
  before=$(passes)
  kill -HUP $service
  until_true 120 eval "((\$(passes) > $before))"
}

observer=/project/test/vm/guest/inotify

# record LOG: an observer writes down from here on what comes and goes; end_record ends it.
record() {
  $observer record "$1" &
  recorder=$!
  until_true 60 test -e "$1"
}

end_record() {
  kill -TERM $recorder
  wait $recorder
}
