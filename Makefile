# `make demo` and `make test` are all that a new machine with Rust and a C compiler needs.

CARGO ?= cargo
PREFIX ?= /usr/local
REGPASS_PEERS ?= $(CURDIR)/target/peers
SKIPPED := $(CURDIR)/target/tests-skipped

.PHONY: demo test peers bench shots check-shots install

# regpass on a throw-away home with its own key and store; leaves nothing behind.
demo:
	$(CARGO) build --release --locked
	./target/release/regpass demo

# Every test. What a machine lacks is installed where that can be done, else skipped and named at the end;
# REGPASS_TESTS_REQUIRE_ALL=1 makes a skip a failure.
test: peers
	@mkdir -p $(dir $(SKIPPED)) && rm -f $(SKIPPED)
	@REGPASS_PEERS=$(REGPASS_PEERS) REGPASS_TESTS_SKIPPED=$(SKIPPED) \
		$(CARGO) test --workspace --locked --no-fail-fast; status=$$?; \
	if [ -s $(SKIPPED) ]; then \
		echo; echo "skipped, and why:"; sort -u $(SKIPPED) | sed 's/^/  /'; \
	else \
		echo; echo "no test was skipped"; \
	fi; exit $$status

# The programs that tests talk to: gpg, pass, git, docker, a registry, skopeo, gopass, the official helper.
peers:
	@tools/install-test-peers.sh $(REGPASS_PEERS)

# regpass and the official helper side by side, in one run, then the terminal UI; takes some minutes.
bench: peers
	REGPASS_PEERS=$(REGPASS_PEERS) $(CARGO) bench --locked --bench paired
	$(CARGO) run --release --locked -p regpass-ui-tests -- bench

# Draws every picture in screenshots/ anew, with the real binary in a real terminal.
shots:
	$(CARGO) run --locked -p regpass-ui-tests -- shots

# Draws them and compares: fails when one is not what the screen shows now.
check-shots:
	$(CARGO) run --locked -p regpass-ui-tests -- shots --check

install:
	$(CARGO) build --release --locked
	install -D -m 755 target/release/regpass $(DESTDIR)$(PREFIX)/bin/regpass
	@echo "installed; now let Docker find it: regpass shims install"
