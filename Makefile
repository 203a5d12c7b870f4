# Two commands set everything up on a fresh Debian machine: `make demo` and `make test`. See README.md.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Installed packages, Node 24 among them; made again when the lockfile changes.
modules := node_modules/.package-lock.json

.PHONY: help demo test check unit cluster-up cluster-down cluster-status generate bundle bench clients matrix fuzz crashes clean

help:
	@echo 'make demo            the main job on a real cluster, from nothing; KEEP=1 leaves it running'
	@echo 'make test            every tier of the tests; ends with "N passed, N failed, N skipped"'
	@echo 'make unit            the tests that need nothing but Node'
	@echo 'make check           types, lint, format, unused code'
	@echo 'make cluster-up      a real Kubernetes cluster on this machine; cluster-status, cluster-down'
	@echo 'make generate        CRDs and the API reference, from src/api'
	@echo 'make bundle          dist/main.mjs and dist/verify.mjs'
	@echo 'make bench           measures, each figure beside its baseline'
	@echo 'make fuzz            feeds the readers of sessions what nobody should send, 10 minutes each'
	@echo 'make crashes         kills the operator before and after each write and each page, where make test does every other; 40 minutes'
	@echo 'make clients         runs real applications against a store each, and prints what they asked Redis for'
	@echo 'make matrix          ends sessions while requests are in flight, with every client, each way and topology, and prints what came of it'

$(modules): package-lock.json package.json
	@command -v npm >/dev/null || { echo 'npm is missing. Install Node.js with npm (on Debian: apt-get install -y npm); the project brings its own Node 24 with it.' >&2; exit 1; }
	@echo 'Installing npm packages (Node 24 among them), about 30 s'
	@# Not `npm ci`: it fails where a registry does not carry the optional packages of other platforms. Versions and checksums are the lockfile's all the same.
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $(modules)

demo: $(modules)
	@node test/demo/demo.ts

test: $(modules)
	@node test/run.ts

unit: $(modules)
	@node node_modules/vitest/vitest.mjs run --project unit

check: $(modules)
	@npm run --silent check

cluster-up cluster-down cluster-status: cluster-%: $(modules)
	@node test/cluster/cli.ts $*

generate: $(modules)
	@node src/api/generate.ts

bundle: $(modules)
	@node build/bundle.ts

bench: $(modules)
	@node test/benchmarks/run.ts

fuzz: $(modules)
	@FUZZ_SECONDS=600 node node_modules/vitest/vitest.mjs run --project unit src/sessions/readers/fuzz.test.ts

crashes: $(modules)
	@CRASH_POINTS=every node test/run.ts faults

clients: $(modules)
	@node test/clients/table.ts

matrix: $(modules)
	@node test/clients/matrix.ts
	@node test/clients/matrix.ts --replicated

clean:
	rm -rf dist node_modules .vitest
