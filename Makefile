# The commands people use; each does what its script says.
.PHONY: demo test check fmt setup fuzz hostile simulate mistakes chaos bench bench-backoffice bench-knowledge bench-gate deliveries submits connection

# The whole product in a browser, with an invented shop. Another port: make demo PORT=9000
demo:
	cargo run --locked -p aijia -- demo $(if $(PORT),--port $(PORT))

# Everything that must hold before a change goes in.
test:
	scripts/test

# Kills, power cuts, failing disks and the rest against the real program. Longer: make chaos TIER=full. Again, and only
# a part: make chaos SEED=7 ONLY=kill,power. The headline: make chaos ONLY=headline
chaos:
	scripts/chaos --tier $(or $(TIER),short) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

# Format, lints and scripts only.
check:
	scripts/check

# The pure core under seeds, with every fault: SEEDS=100000, or one of them with its trace: SEED=42
simulate:
	cargo run --locked -p simulation -- $(if $(SEED),--seed $(SEED),--threads 2 $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM)))

# Do the tests bite? Each known mistake is made once and has to be caught: NAMES="ack-before-commit rescue-by-age"
mistakes:
	scripts/with-postgres scripts/mistakes $(NAMES)

fmt:
	cargo fmt --all

# Fuzzes every reader, guided by coverage: make fuzz SECONDS=60 TARGETS="event command"
fuzz:
	scripts/fuzz $(or $(SECONDS),20) $(TARGETS)

# The whole campaigns against the edge; the tests run their short forms.
hostile:
	cargo build --locked -p aijia
	HOSTILE=full cargo test --locked -p channels refusing_takes -- --nocapture
	HOSTILE=full cargo test --locked -p stories hostile:: -- --nocapture --test-threads 1

# Approved notes through the whole desk into the simulated seller centre, one fault in ten, and the program killed with
# one on its way: make submits SUBMITS=200 KILLS=8
submits:
	cargo build --locked -p aijia
	SUBMITS=$(or $(SUBMITS),5000) KILLS=$(or $(KILLS),50) cargo nextest run --locked -p stories --no-capture \
		-E 'test(/^submits::/) - test(on_postgres)'

# Webhook deliveries, both ways, on wires that lose five of a hundred answers: make deliveries DELIVERIES=10000
deliveries:
	cargo run --locked -p stories --example deliveries -- --deliveries $(or $(DELIVERIES),100000)

# The AI bot's connection is broken 200 times under traffic: cut, taken over, half dead, turned away. Mostly waiting.
connection:
	CAMPAIGN=full cargo test --locked -p simulator aibot::campaign -- --nocapture

# Installs, or names, what the tests need.
setup:
	scripts/setup-test

# What the program does on this machine, in one table: make bench ARGS="--seconds 10 --only edge,acks"
bench:
	scripts/bench $(ARGS)

# How well knowledge is found and forbidden words are caught, on a folder of evaluation sets: make bench-knowledge DATA=…
bench-knowledge:
	scripts/bench-knowledge $(DATA) $(ARGS)

# How long a look-up in a back office takes, what a browser needs, how large the evidence is, and whether look-ups keep
# callbacks waiting: make bench-backoffice COUNT=60 SECONDS=60
bench-backoffice:
	cargo run --locked --release -p backoffice --example bench_backoffice -- $(or $(COUNT),60)
	scripts/bench --only office --seconds $(or $(SECONDS),60)

# How well the calibrated chance tells right answers from wrong ones, on a folder of evaluation sets: make bench-gate DATA=…
bench-gate:
	cargo run --locked -p aijia --example bench_gate -- $(DATA)
