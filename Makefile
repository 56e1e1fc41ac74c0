SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
ARGS ?=
SLOTS ?= 4

.PHONY: build run test test-quick test-long lint prose bench eval zoo peers man clean help

build: ## build bin/soak
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/soak ./cmd/soak

run: ## soak the built-in server for two minutes (ARGS='--duration 60s --leak fd=2/s' …)
	go run ./cmd/soak run $(ARGS)

test: ## all tests with real servers, race detector and lint (what it needs goes to .peers)
	.ci/test full

test-quick: ## without root, servers, race detector and runs of a minute
	.ci/test quick

test-long: ## make test with campaigns, and with the program under the race detector
	.ci/test long

lint: ## format, plain English, vet, type check for darwin and freebsd, staticcheck, tidy modules
	.ci/lint

prose: ## plain English: the patterns of .ci/prose.txt
	.ci/prose

bench: ## speed: claims are benchmarks, not tests
	go test -run '^$$' -bench . -benchmem ./...

eval: ## the detector's evaluation, compared with the rules in common use (ARGS='-days 3000 -day-noise white' ...)
	go test ./alerts/detect -run '^TestEval' -eval -timeout 24h -v $(ARGS)

zoo: ## the zoo of leaks and their harmless twins, three minutes each (SLOTS at a time)
	SOAK_LONG=1 go test ./cmd/soak -run '^TestZoo_Campaign$$' -parallel $(SLOTS) -timeout 120m -v

peers: ## download or build the real servers and tools that the tests use, into .peers
	.ci/peers

man: build ## man pages, in bin/man
	bin/soak man bin/man

clean: ## remove what was built
	rm -rf bin .peers

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
