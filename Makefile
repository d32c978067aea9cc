# make test    everything that must hold: lint, then every test
# make lint    format, clippy, documentation: no warning
# make bench   times and sizes beside other programs; asserts nothing
# make build   the program, as it is given away: target/release/ece-check

# What the tests in tests/peers/foreign need: they put ece-check before servers that nobody here wrote. The list with reasons is
# PROGRAMS in tests/peers/foreign/bench.rs.
PACKAGES = iproute2 nftables procps util-linux openssl bind9-dnsutils strace dnsmasq-base unbound nginx-light squid \
           postfix dovecot-core dovecot-imapd dovecot-pop3d dovecot-submissiond

# What the tests in tests/peers/java and tests/peers/openid need: any Java and any Node will do, also those that are no package.
PROGRAMS = keytool:default-jre-headless node:nodejs npm:npm chromium:chromium rg:ripgrep

# Snapshots are judged, never rewritten, and warnings of the documentation are mistakes.
export INSTA_UPDATE = no
export RUSTDOCFLAGS = -D warnings

.PHONY: test lint bench build peers toolchain

test: peers lint
	cargo test --locked --no-fail-fast

lint: toolchain
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo doc --locked --no-deps --document-private-items

bench: build peers
	python3 contrib/bench.py target/release/ece-check
	python3 contrib/bench_log.py target/release/ece-check

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

# A minimal toolchain comes without these two.
toolchain:
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

# make accuracy, make bench-log: how well error texts are explained, how fast logs are read
include Makefile.accuracy
# make windows, make linux-static: the programs that are given away, and their tests
include Makefile.windows
