# Everything is done from here; a bare machine needs Go, make and Node beforehand. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

templ := go tool templ
sqlc  := go tool -modfile=tools.mod sqlc
lint  := go tool -modfile=tools.mod staticcheck
# Runs a command beside a throw-away Postgres, whose address is then in WEDSYNC_TEST_DATABASE_URL.
with  := go run ./queries/testdb/with
npm   := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

.PHONY: help
help: ## What there is to do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: run
run: build ## From nothing to a running product with made-up data, on http://127.0.0.1:8080
	@exec ./wedsync serve --demo

.PHONY: build
build: assets ## ./wedsync, with everything it needs inside
	@CGO_ENABLED=0 go build -trimpath -o wedsync .

.PHONY: dev
dev: assets ## Live reload: pages, queries and code
	@$(templ) generate -path views --watch --watch-pattern '(.+\.go$$)|(.+\.templ$$)|(.+\.css$$)|(.+\.js$$)' \
		--proxy=http://127.0.0.1:8080 --cmd="go run . serve --demo"

.PHONY: test
test: check journeys ## From nothing to every test passed, browser journeys included

.PHONY: check
check: assets race servers ## The fast loop: format, drift of generated code, vet, lint, unit and database tests
	@echo '— format'; test -z "$$(gofmt -l . | tee /dev/stderr)"; $(templ) fmt -fail views
	@echo '— drift of generated code'; $(MAKE) drift
	@echo '— vet and lint'; go vet ./...; $(lint) ./...; cd web/e2e && go vet ./... && cd google && go vet ./...
	@echo '— tests'; $(with) go test $(race_flag) ./...

.PHONY: drift
drift:
	@find views -name '*_templ.go' -exec sha256sum {} + | sort -k2 > .drift; $(templ) generate -path views -log-level error; \
		find views -name '*_templ.go' -exec sha256sum {} + | sort -k2 | diff .drift - || { rm .drift; echo 'views changed: commit what make gen wrote'; exit 1; }; rm .drift
	@$(with) bash -c '$(sqlc) diff && $(sqlc) vet'

.PHONY: gen
gen: ## Write the Go of pages and queries anew
	@$(templ) fmt views; $(templ) generate -path views -log-level error
	@$(with) bash -c '$(sqlc) generate && $(sqlc) vet'

.PHONY: journeys
journeys: build browser
	@cd web/e2e/google && go test -count=1 ./...
	@cd web/e2e && go test -count=1 -timeout 20m ./...

.PHONY: bench
bench: build web/e2e/node_modules ## The figures, each beside its limit from the same run
	@cd web/e2e && go run ./bench

.PHONY: fuzz
fuzz: assets ## Every reader and verifier, 20 seconds each (TIME=1m for longer)
	@grep -roE --include='*_test.go' --exclude-dir=e2e '^func Fuzz\w+' . | sed 's|/[^/]*:func | |' | while read -r folder name; do \
		$(with) go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(TIME),20s) "$$folder" </dev/null; done

.PHONY: assets
assets: static/node_modules

static/node_modules: static/package-lock.json
	@cd static && $(npm) && touch node_modules

web/e2e/node_modules: web/e2e/package-lock.json
	@cd web/e2e && $(npm) && touch node_modules

# The race detector needs a C compiler, the journeys a browser, the calendars servers to agree with: root on Debian gets all
# of them by itself.
race_flag = $(shell command -v cc >/dev/null && echo -race)
apt = apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: race
race:
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { $(apt) gcc libc6-dev; } >/dev/null; } \
		|| echo 'No C compiler: the tests run without the race detector.'

.PHONY: servers
servers:
	@command -v radicale >/dev/null && command -v xandikos >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { $(apt) radicale xandikos; } >/dev/null; } \
		|| echo 'No radicale or no xandikos: the tests against real calendar servers are left out.'

.PHONY: browser
browser: web/e2e/node_modules
	@command -v chromium chromium-browser google-chrome >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { $(apt) chromium; } >/dev/null; } \
		|| (cd web/e2e && npx playwright-core install chromium)
