SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
ARGS ?=
SLOTS ?= 4

.PHONY: build run test lint prose bench eval zoo peers clean help

build: ## build bin/soak
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/soak ./cmd/soak

run: ## soak the built-in server for two minutes (ARGS='--duration 60s --leak fd=2/s' …)
	go run ./cmd/soak run $(ARGS)

test: peers lint ## all that must hold, with real peers and the race detector
	.ci/test

lint: ## format, vet (Linux and darwin), staticcheck, tidy modules
	@bad=$$(gofmt -l cmd soak probes profiles store alerts); if [ -n "$$bad" ]; then echo "not formatted, run gofmt -w on:"; echo "$$bad"; exit 1; fi
	go vet ./...
	GOOS=darwin go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff

prose: ## plain English: the patterns of .ci/prose.txt
	.ci/prose

bench: ## speed: claims are benchmarks, not tests
	go test -run '^$$' -bench . -benchmem ./...

eval: ## the detector's evaluation beside the rules in common use (ARGS='-days 3000 -day-noise white' …)
	go test ./alerts/detect -run '^TestEval' -eval -timeout 24h -v $(ARGS)

zoo: ## the zoo of leaks and their harmless twins, three minutes each (SLOTS at a time)
	SOAK_ZOO=1 go test ./cmd/soak -run '^TestZooCampaign$$' -parallel $(SLOTS) -timeout 120m -v

peers: ## install the real servers and tools that the tests use (Debian, root)
	.ci/peers

clean: ## remove what was built
	rm -rf bin .peers

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
