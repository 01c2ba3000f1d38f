# The commands people use; each does what its script says.
.PHONY: demo test check fmt setup

# The whole product in a browser, with an invented shop. Another port: make demo PORT=9000
demo:
	cargo run --locked -p aijia -- demo $(if $(PORT),--port $(PORT))

# Everything that must hold before a change goes in.
test:
	scripts/test

# Format, lints and scripts only.
check:
	scripts/check

fmt:
	cargo fmt --all

# Installs, or names, what the tests need.
setup:
	scripts/setup-test
