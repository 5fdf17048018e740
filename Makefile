# For GNU make (3.81 or later) and a POSIX sh. On Windows: Git's sh on PATH.
# make run-server PORT=9001 ARGS="--idle-timeout 60"      make run-client ARGS="--user alice"

ifeq ($(OS),Windows_NT)
PYTHON ?= python
PY := .venv/Scripts/python.exe
else
PYTHON ?= python3
PY := .venv/bin/python
endif
export PYTHON PY

# Only what is typed after `make` counts: shells and hosting services export HOST and PORT for ends of their own.
typed = $(if $(findstring command line,$(origin $1)),$($1))
host := $(call typed,HOST)
port := $(call typed,PORT)
server := $(or $(call typed,SERVER),$(if $(port),localhost:$(port)))
args := $(call typed,ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup setup-run run-server run-client demo test tools generate bench-codec check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv with the tools for development (PYTHON=python3.12 chooses)
	@sh -c "$$SETUP" setup dev

setup-run:
	@sh -c "$$SETUP" setup run

run-server: setup-run ## start a server (HOST= PORT= ARGS="--idle-timeout 60", ARGS=--help)
	@exec $(PY) -m server $(if $(host),--host $(host)) $(if $(port),--port $(port)) $(args)

run-client: setup-run ## start a client (SERVER=host:port, or PORT= on this machine, ARGS="--user alice")
	@exec $(PY) -m client $(if $(server),--server $(server)) $(args)

demo: setup-run ## a server and two clients on free ports: prints what they say, ends by itself
	@$(PY) tests/demo.py $(args)

test: setup ## run the tests (ARGS="-k rooms" chooses)
	@$(PY) -m pytest -n auto --timeout 120 --durations 5 $(args)

tools: ## install what some tests use if it is there: tshark (with apt, as root), Kaitai's compiler (npm, to build/)
	@sh -c "$$TOOLS"

generate: setup ## write again what is generated from the schemas (ARGS=--check only compares)
	@$(PY) -m tcrp.gen $(args)

bench-codec: setup ## the speed of the codecs: construct, generated, by hand
	@$(PY) tests/bench/bench_codec.py $(args)

check: setup ## read the code for mistakes: ruff and mypy --strict
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -m mypy server/__main__.py
	@$(PY) -m mypy client/__main__.py

clean: ## remove .venv and everything built or cached
	@rm -rf .venv .venv.lock build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Brings .venv up to date for $1 (run: what server and client need; dev: the tools too), or says in one line
# what is missing. It is made by the first way that works: venv; uv; venv without pip, and the pip of $PYTHON.
# .venv/.ready-run and .venv/.ready-dev hold for what project file, in which directory, that was done.
define SETUP
set -u
goal=$$1 lock=.venv.lock log=.venv.lock/log here=$$(pwd -P)
stamp="$$(cksum <pyproject.toml) $$here"
say() { echo "setup: $$*" >&2; }
fail() { say "$$@"; exit 1; }
quiet() { "$$@" >/dev/null 2>&1; }

ready() { [ "$$(cat .venv/.ready-$$goal 2>/dev/null)" = "$$stamp" ] && "$$PY" -c "" 2>/dev/null; }
moved() { case "$$(cat .venv/.ready-run 2>/dev/null || echo "$$stamp")" in *" $$here") false ;; esac; }

find_pip() {  # sets pip to what can install into .venv (its own; uv; the host's: it knows --python since 22.3)
    quiet "$$PY" -c "" || return
    if quiet "$$PY" -m pip --version; then pip=own
    elif quiet uv --version; then pip=uv
    else pip=host && quiet "$$PYTHON" -m pip --python "$$PY" --version
    fi
}

install() {
    case $$pip in
        own) "$$PY" -m pip install -q --disable-pip-version-check "$$@" ;;
        uv) uv pip install -q --python "$$PY" "$$@" ;;
        host) "$$PYTHON" -m pip --python "$$PY" install -q --disable-pip-version-check "$$@" ;;
    esac
}

make_venv() {
    : >$$lock/making
    rm -rf .venv
    version=$$("$$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        fail "no Python at $$PYTHON: install Python 3.9 or later, or name one: make setup PYTHON=/path/to/python"
    quiet "$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
        fail "$$PYTHON is Python $$version, too old (3.9 or later): name another: make setup PYTHON=python3.12"
    quiet "$$PYTHON" -m venv .venv && find_pip && return
    rm -rf .venv
    quiet uv venv -q --python "$$PYTHON" .venv && find_pip && return
    rm -rf .venv
    quiet "$$PYTHON" -m venv --without-pip .venv && find_pip && return
    rm -rf .venv
    fail "Python $$version here cannot make virtual environments: install its venv module" \
        "(Debian, Ubuntu: apt install python3-venv), or uv, then run make again"
}

ready && exit 0
# One setup at a time (two terminals, two makes). A lock whose owner is gone is what an interrupted one left.
drop() { [ -e $$lock/making ] && rm -rf .venv; rm -rf $$lock; }
waiting=
until mkdir $$lock 2>/dev/null; do
    [ -w . ] || fail "cannot write in $$here"
    if owner=$$(cat $$lock/pid 2>/dev/null) && ! kill -0 "$$owner" 2>/dev/null; then drop; continue; fi
    [ "$$waiting" ] || say "waiting for another make that is setting up .venv (if there is none: make clean)"
    waiting=yes
    sleep 1
done
echo $$$$ >$$lock/pid
trap 'rm -rf $$lock' EXIT
trap 'drop; exit 130' HUP INT TERM
ready && exit 0

case $$goal in dev) what='.[dev]' seconds=30 ;; *) what=. seconds=15 ;; esac
say "setting up .venv (once, about $$seconds s)"
if moved || ! find_pip; then make_venv; fi
if ! install -e "$$what" >$$log 2>&1; then
    # the words of pip and of uv
    if grep -Eq 'Retrying \(|error sending request' $$log; then
        fail "the package index cannot be reached; go online once (or set PIP_INDEX_URL), then run make again"
    fi
    cat $$log >&2
    fail "pip could not install $$what (its words are above)"
fi
echo "$$stamp" >.venv/.ready-run
[ $$goal = run ] || echo "$$stamp" >.venv/.ready-dev
endef
export SETUP

# Installs what is missing and can be; exits 1 and says in a line what is still missing.
define TOOLS
set -u
have() { command -v "$$1" >/dev/null 2>&1; }
missing() { echo "tools: no $$*" >&2; status=1; }
status=0 log=build/tools.log
mkdir -p build
if ! have tshark && have apt-get && [ "$$(id -u)" = 0 ]; then
    echo "tools: installing tshark" >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends tshark; } >$$log 2>&1 </dev/null || tail -n 3 $$log >&2
fi
have tshark || missing "tshark (Debian, Ubuntu: apt install tshark)"
if have npm && ! { [ -d build/node_modules/kaitai-struct-compiler ] && [ -d build/node_modules/js-yaml ]; }; then
    echo "tools: installing kaitai-struct-compiler" >&2
    npm install --no-save --no-audit --no-fund --prefix build \
        kaitai-struct-compiler@0.11 kaitai-struct@0.11 js-yaml@4 >$$log 2>&1 || tail -n 3 $$log >&2
fi
[ -d build/node_modules/kaitai-struct-compiler ] || missing "kaitai-struct-compiler (needs Node and npm)"
exit $$status
endef
export TOOLS
