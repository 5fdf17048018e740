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

# What a user has set for Python, pip and uv may say how packages are fetched, but not where they are installed.
fetching := CACHE_DIR CERT CLIENT_CERT CONFIG_FILE DEFAULT_INDEX DEFAULT_TIMEOUT EXTRA_INDEX_URL FIND_LINKS HTTP_RETRIES \
	HTTP_TIMEOUT INDEX INDEX_STRATEGY INDEX_URL INSECURE_HOST KEYRING_PROVIDER NATIVE_TLS NO_CACHE NO_CACHE_DIR \
	NO_INDEX OFFLINE PROXY RETRIES SYSTEM_CERTS TIMEOUT TRUSTED_HOST USE_FEATURE
fetching := $(addprefix PIP_,$(fetching)) $(addprefix UV_,$(fetching)) UV_INDEX_%
unexport PYTHONHOME PYTHONPATH PYTHONUSERBASE $(filter-out $(fetching),$(filter PIP_% UV_%,$(.VARIABLES)))
# These override pip.conf too.
export PIP_USER := 0
export PIP_NO_DEPS := 0
export PIP_DRY_RUN := 0
export PIP_REQUIRE_VIRTUALENV := 0

# Only what is typed after `make` counts: shells and hosting services export HOST and PORT for ends of their own.
typed = $(if $(findstring command line,$(origin $1)),$($1))
host := $(call typed,HOST)
port := $(call typed,PORT)
server := $(or $(call typed,SERVER),$(if $(port),localhost:$(port)))
args := $(call typed,ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup setup-run run-server run-client demo test tools generate bench bench-codec conform-client conform-codecs fuzz simulate mutants torture soak check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv with the tools for development (PYTHON=python3.12 chooses)
	@sh -c "$$SETUP" setup dev

setup-run:
	@sh -c "$$SETUP" setup run

run-server: setup-run ## start a server (HOST= PORT= ARGS="--idle-timeout 60", ARGS=--help)
	@exec $(PY) -m server $(if $(host),--host $(host)) $(if $(port),--port $(port)) $(args)

run-client: setup-run ## start a client (SERVER=host:port, or PORT= on this machine, ARGS="--user alice")
	@exec $(PY) -m client $(if $(server),--server $(server)) $(args)

demo: setup-run ## a server and two clients on free ports: prints what they say, ends by itself
	@$(PY) tests/tools/demo.py $(args)

test: setup ## run the tests, and see that they reach enough of the code (ARGS="-k rooms" chooses, and only runs)
	@$(PY) tests/tools/covered.py $(args)

tools: ## install what some tests use: tshark and compilers (with apt, as root), Kaitai, TypeScript (npm, to build/)
	@sh -c "$$TOOLS"

generate: setup ## write again what is generated from the schemas (ARGS=--check only compares)
	@$(PY) -m tcrp.gen $(args)

bench: setup ## measure the server against C and other chat servers (ARGS=--quick, ARGS=--help)
	@$(PY) -m tests.bench $(args)

bench-codec: setup ## the speed of the codecs: construct, generated, by hand
	@$(PY) -m tests.bench.bench_codec $(args)

conform-client: setup-run ## test our client as anybody's (ARGS=--slow also waits for keepalives, ARGS=--help)
	@$(PY) -m tcrp conform client $(args) -- $(PY) -m client --server {server} --user {user} \
		--password-file {password_file} {command} {room}

conform-codecs: setup ## build the codecs of spec/codecs and compare each with ours (ARGS="--count 100000 go")
	@$(PY) tests/tools/conform_codecs.py $(args)

fuzz: setup ## look for octets that break something (TIME=60 seconds, ARGS="chat --seed 7")
	@$(PY) -m fuzz.run --time $(or $(call typed,TIME),60) $(args)

simulate: setup ## play simulated networks, each of another seed (SEEDS=100000)
	@$(PY) -m fuzz.simulate --seeds $(or $(call typed,SEEDS),2000) $(args)

torture: setup ## floods and slow connections against a server while a room chats (Linux; ARGS=--quick)
	@$(PY) -m fuzz.torture $(args)

soak: setup ## members come and go for long: does the server grow? (Linux; MINUTES=10)
	@$(PY) -m fuzz.soak --minutes $(or $(call typed,MINUTES),1) $(args)

mutants: setup ## change the code in small ways and see whether a test fails (ARGS=tcrp.text, ARGS="--jobs 1")
	@$(PY) tests/tools/mutate.py $(args)

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
needs="construct, wcwidth, tcrp.options, tcrp_server, tcrp_client"  # tcrp.options: tomli, where it is needed
say() { echo "setup: $$*" >&2; }
fail() { say "$$@"; exit 1; }
quiet() { "$$@" >/dev/null 2>&1; }

ready() { [ "$$(cat .venv/.ready-$$goal 2>/dev/null)" = "$$stamp" ] && "$$PY" -c "" 2>/dev/null; }
moved() { case "$$(cat .venv/.ready-run 2>/dev/null || echo "$$stamp")" in *" $$here") false ;; esac; }

find_pip() {  # sets pip to what can install into .venv (its own; uv; the host's: it knows --python since 22.3)
    quiet "$$PY" -c "" || return
    if pip_version=$$("$$PY" -m pip --version 2>/dev/null); then pip=own
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

update_pip() {  # before 21.3 pip cannot install -e without a setup.py
    case $$pip:$$pip_version in
        own:"pip "[0-9].* | own:"pip 1"* | own:"pip 20."* | own:"pip 21."[0-2]*) install -U "pip>=21.3" ;;
    esac
}

elsewhere() {  # whether pip's configuration files name another place to install into
    case $$pip in own) set -- "$$PY" ;; host) set -- "$$PYTHON" ;; uv) return 1 ;; esac
    "$$1" -m pip config list 2>/dev/null | grep -Eq '^(global|install)[.](prefix|target|root)='
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

case $$goal in
    dev) what='.[dev]' seconds=30 needs="$$needs, hypothesis, pytest, xdist" ;;
    *) what=. seconds=15 ;;
esac
say "setting up .venv (once, about $$seconds s)"
if moved || ! find_pip; then make_venv; fi
elsewhere && fail "pip is set to install into another place than .venv: take prefix, target and root out of its" \
    "configuration (pip config list, pip config unset), then run make again"
if ! { update_pip && install -e "$$what"; } >$$log 2>&1; then
    # the words of pip and of uv
    if grep -Eq 'Retrying \(|error sending request' $$log; then
        fail "the package index cannot be reached; go online once (or set PIP_INDEX_URL), then run make again"
    fi
    cat $$log >&2
    fail "pip could not install $$what (its words are above)"
fi
"$$PY" -c "import $$needs" 2>>$$log ||
    fail "pip installed $$what, but $$PY cannot import it: make clean, then run make again"
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
packages=
need() { have "$$1" || packages="$$packages $$2"; }  # a program, and the package of Debian and Ubuntu that has it
# Lines: apt or npm, name, oldest version, packages.
languages=$$("$$PYTHON" -m tcrp.gen.backends --tools | tr -d '\r')
[ "$$languages" ] || { missing "list of the languages' tools: $$PYTHON -m tcrp.gen.backends --tools failed"; exit 1; }
each_tool() { while read -r from name oldest of; do "$$1"; done; }
need_tool() { [ $$from = npm ] || need "$$name" "$$of"; }
npm_names() { [ $$from = apt ] || echo "$$name"; }
npm_packages() { [ $$from = apt ] || echo "$$of"; }
need tshark tshark
if [ "$$(uname -s)" = Linux ]; then need ip iproute2; need nft nftables; fi  # namespaces, for which one must be root
each_tool need_tool <<LANGUAGES
$$languages
LANGUAGES
if [ "$$packages" ] && have apt-get && [ "$$(id -u)" = 0 ]; then
    echo "tools: installing$$packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >$$log 2>&1 </dev/null || tail -n 3 $$log >&2
    for package in $$packages; do  # one by one: what one release does not have must not keep the others away
        apt-get install -y --no-install-recommends $$package >$$log 2>&1 </dev/null || tail -n 3 $$log >&2
    done
fi
if [ "$$(uname -s)" = Linux ]; then have ip && have nft || missing "ip, nft (Debian, Ubuntu: apt install iproute2 nftables)"; fi
have tshark || missing "tshark (Debian, Ubuntu: apt install tshark)"
installed() { for name in "$$@"; do [ -d build/node_modules/$$name ] || return; done; }
others="kaitai-struct-compiler kaitai-struct js-yaml"
names="$$others $$(echo "$$languages" | each_tool npm_names | tr '\n' ' ')"
if have npm && ! installed $$names; then
    echo "tools: installing $$names" >&2
    # In one command: npm removes what a command does not name.
    npm install --no-save --no-audit --no-fund --prefer-offline --fetch-timeout=60000 --prefix build kaitai-struct-compiler@0.11 kaitai-struct@0.11 \
        js-yaml@4 $$(echo "$$languages" | each_tool npm_packages) >$$log 2>&1 || tail -n 3 $$log >&2
fi
installed $$others || missing "$$others (need Node and npm)"
"$$PYTHON" -m tcrp.gen.backends --missing >&2 || status=1
exit $$status
endef
export TOOLS
