# Functions for the scenarios of the service below systemd; they source it.

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
