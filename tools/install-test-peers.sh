#!/bin/sh
# Installs what the tests talk to and this machine lacks, as far as that can be done without asking anybody:
# Debian packages when apt-get is here and we are root or sudo asks for no password; gopass and the current official
# credential helper when Go is here, docker-py and moto (Amazon's services) when Python is here, into the folder given. Nothing here fails: a test whose peer is missing is skipped
# and says so.

set -u
peers=${1:?usage: install-test-peers.sh FOLDER}

GOPASS=v1.16.1
HELPER=v0.9.8
DOCKER_PY=7.2.0
MOTO=5.2.5

note() { printf 'peers: %s\n' "$*"; }

# Debian ------------------------------------------------------------------------------------------------------------

missing=
want() { # PROGRAM PACKAGE: the package is wanted when nothing of that name is installed
  for dir in $(printf %s "$PATH" | tr : ' ') /usr/sbin /sbin; do
    [ -x "$dir/$1" ] && return
  done
  case " $missing " in *" $2 "*) ;; *) missing="$missing $2" ;; esac
}

want gpg gnupg
want gpg-agent gnupg
want pass pass
want oathtool oathtool
want git git
want docker docker.io
want dockerd docker.io
want docker-registry docker-registry
want skopeo skopeo
want htpasswd apache2-utils
want pinentry-curses pinentry-curses
want python3 python3
# Debian keeps what makes a virtual environment apart from Python.
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
want Xvfb xvfb
want xclip xclip
[ -e /usr/lib/password-store/extensions/otp.bash ] || missing="$missing pass-extension-otp"
# Debian's own, older helper is a peer too; the current one is built below and goes elsewhere.
[ -x /usr/bin/docker-credential-pass ] || missing="$missing golang-docker-credential-helpers"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
  command -v apt-get >/dev/null || { note "no apt-get here; missing:$missing"; return; }
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
    { note "to install what is missing: sudo apt-get install$missing"; return; }
  note "installing$missing"
  # Docker and the registry bring services; the tests start their own, so none shall start now (policy-rc.d, Debian
  # Policy 9.3.3.1).
  policy=
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
  fi
  log=$(mktemp)
  # One by one if together fails: a package that this release lacks must not keep the others away. Nothing installed
  # is ever removed for them (another Docker).
  as_root apt-get -q update >"$log" 2>&1
  if ! apt_install $missing >>"$log" 2>&1; then
    for package in $missing; do
      apt_install "$package" >>"$log" 2>&1 || note "cannot install $package: $(grep -m1 '^E:' "$log" || tail -n 1 "$log")"
    done
  fi
  rm -f "$log"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-remove --no-install-recommends install "$@" </dev/null
}

[ -z "$missing" ] || install_packages

# Go ----------------------------------------------------------------------------------------------------------------

# go_peer NAME PACKAGE VERSION: builds the program unless this version of it is there already.
go_peer() {
  name=$1 package=$2 version=$3
  stamp="$peers/.$name-$version"
  [ -x "$peers/$name" ] && [ -e "$stamp" ] && return
  command -v go >/dev/null || { note "no Go here, so no $name $version"; return; }
  note "building $name $version"
  build=$(mktemp -d)
  log=$build/log
  # A module whose proxy lists no versions cannot be installed by name; built from a module that requires it, it can.
  if GOBIN=$build/bin go install "$package@$version" >"$log" 2>&1 ||
    (cd "$build" && go mod init peer && go get "$package@$version" &&
      go build -mod=mod -o "bin/$name" "$package") >>"$log" 2>&1 </dev/null; then
    mkdir -p "$peers" && mv "$build"/bin/* "$peers/$name" && rm -f "$peers/.$name-"* && : >"$stamp"
  else
    note "cannot build $name $version: $(tail -n 1 "$log")"
  fi
  rm -rf "$build"
}

go_peer gopass github.com/gopasspw/gopass "$GOPASS"
go_peer docker-credential-pass github.com/docker/docker-credential-helpers/pass/cmd "$HELPER"

# Python ------------------------------------------------------------------------------------------------------------

# python_peer NAME VERSION REQUIREMENT…: a virtual environment of that name with these packages.
python_peer() {
  name=$1 version=$2
  shift 2
  venv=$peers/$name
  stamp="$peers/.$name-$version"
  [ -x "$venv/bin/python" ] && [ -e "$stamp" ] && return
  command -v python3 >/dev/null || { note "no Python here, so no $name $version"; return; }
  note "installing $name $version"
  mkdir -p "$peers"
  log=$(mktemp)
  if python3 -m venv --clear "$venv" >"$log" 2>&1 &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >>"$log" 2>&1 </dev/null; then
    rm -f "$peers/.$name"-* && : >"$stamp"
  else
    rm -rf "$venv"
    note "cannot install $name $version: $(tail -n 1 "$log")"
  fi
  rm -f "$log"
}

python_peer docker-py "$DOCKER_PY" "docker==$DOCKER_PY"
# Its server needs these two; what else it brings with `moto[server]` is for services that are not asked.
python_peer moto "$MOTO" "moto==$MOTO" flask flask-cors
exit 0
