PORT ?= 8000
ARGS ?=
MINUTES ?= 30
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run demo test test-postgresql accessibility-statement transcripts bench nemesis readers searches fuzz \
	soak check format messages settings templates lock image clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-23s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# exec, so that Ctrl-C and SIGTERM reach the server itself; it ends with status 0 and
# make then has nothing to complain about.
run: ## Start Hearth on http://localhost:8000 (PORT=... for another port)
	@bin/setup
	@$(PY) manage.py setup --address http://127.0.0.1:$(PORT)/
	@exec $(PY) manage.py serve --port $(PORT)

demo: ## Fill the database with people and conversations to look at
	@bin/setup
	@$(PY) manage.py setup
	@$(PY) manage.py demo

# Three side by side, the longest first, and the others where one has ended: there are two processors mostly, and much
# of a test is waiting, most of all in faults. What fails beside the others is run once more, alone and by name; a part
# that did not come to its end fails then, too. tests/faults/ starts the servers that it needs by itself.
PYTEST := .venv/bin/pytest
PARTS := faults browser states sqlite postgresql
STAMPS := $(PARTS:%=var/tests/%)
STATES := tests/browser/test_states.py
tests-of-browser = $(PYTEST) tests/browser --ignore=$(STATES)
tests-of-states = $(PYTEST) $(STATES)
tests-of-sqlite = $(PYTEST) --ignore=tests/browser --ignore=tests/faults
tests-of-faults = $(PYTEST) tests/faults
tests-of-postgresql = $(PY) -m tests.support.services $(PYTEST) --ignore=tests/browser --ignore=tests/faults $(ONCE:%=--ignore=tests/%)
# Asked of both databases: what is written side by side, what a query finds, in which order and how many it takes, and
# what a column holds. Asked once: how pages are written, what a request costs before anything is read, who may do
# what, pictures, texts, settings, what goes over the wire, and servers. Every page is asked for with PostgreSQL by
# tests/test_odd_requests.py.
ONCE := config test_accessibility.py test_admin.py test_benchmarks.py test_breaking_out.py test_conformance.py \
	test_docs.py test_engines.py test_layers.py test_make.py test_template_contract.py test_templates.py \
	test_unbounded.py accounts/test_avatars.py accounts/test_login.py accounts/test_names.py \
	accounts/test_passwords.py accounts/test_settings_page.py \
	rooms/test_chat_lines.py rooms/test_check_templates.py rooms/test_connection.py rooms/test_documents.py \
	rooms/test_drawn.py rooms/test_formatting.py rooms/test_gallery.py rooms/test_hostile_files.py \
	rooms/test_large_bodies.py rooms/test_large_files.py rooms/test_live_languages.py rooms/test_message_text.py \
	rooms/test_operation.py rooms/test_permissions.py rooms/test_pseudo_language.py rooms/test_raw_requests.py \
	rooms/test_scanning.py rooms/test_server.py rooms/test_slow_senders.py rooms/test_streams.py \
	rooms/test_supervision.py rooms/test_surfaces.py rooms/test_typing_indicators.py rooms/test_uploads.py

test: ## Run the tests, with SQLite and PostgreSQL (ARGS="-k name": some of them, with SQLite)
	@bin/setup --dev
ifneq ($(ARGS),)
	@$(PYTEST) $(ARGS)
else
	@rm -rf var/tests
	@$(MAKE) --no-print-directory -k -j3 --output-sync=target $(STAMPS) || { \
		printf '\n==> What failed, once more and alone\n'; \
		$(MAKE) --no-print-directory -k ALONE="-v --last-failed --last-failed-no-failures=none --maxfail=6" $(STAMPS); }
endif

# What one part compiles, the others and the servers that they start read, also where the environment forbids it.
$(STAMPS): export PYTHONDONTWRITEBYTECODE =

$(STAMPS): var/tests/%:
	@printf '\n==> Tests: $*\n'
	@COLUMNS=160 $(tests-of-$*) -o cache_dir=.pytest_cache/$* $(ALONE)
	@mkdir -p var/tests
	@touch $@

test-postgresql: ## Run those tests with PostgreSQL that need no browser
	@bin/setup --dev
	@$(tests-of-postgresql) $(ARGS)

bench: ## Measure it on this machine (ARGS="fanout": one part; see benchmarks/README.md)
	@bin/setup --dev
	@$(PY) -m benchmarks $(ARGS)

nemesis: ## Break everything at random under people who talk (MINUTES=30, ARGS="--seed 1")
	@bin/setup --dev
	@$(PY) -m tests.faults.nemesis --minutes $(MINUTES) $(ARGS)

readers: ## Have a thousand readers come back after a crash, and streams open and close 10,000 times
	@bin/setup --dev
	@READERS=1000 OPENINGS=5000 $(PYTEST) tests/faults/test_many_readers.py $(ARGS)

searches: export EXAMPLES = 300
searches: ## Compare 3,600 random searches with a look through all messages, on both databases
	@bin/setup --dev
	@$(PYTEST) tests/rooms/test_search.py -k naive $(ARGS)
	@$(PY) -m tests.support.services $(PYTEST) tests/rooms/test_search.py -k naive $(ARGS)

soak: MINUTES = 10
soak: ## Let a week go by in some minutes, and look at what grows (MINUTES=10)
	@bin/setup --dev
	@$(PY) -m tests.faults.soak --minutes $(MINUTES) $(ARGS)

fuzz: ## Ask for every address with hostile values, on both servers (MINUTES=30, ARGS="--seed 1")
	@bin/setup --dev
	@$(PY) -m tests.faults.fuzz --minutes $(MINUTES) $(ARGS)

accessibility-statement: ## Run the tests of accessibility and write what they prove: docs/conformance.md
	@bin/setup --dev
	-@.venv/bin/pytest -q -m accessibility --junitxml=var/accessibility.xml
	@$(PY) -m tests.support.conformance var/accessibility.xml

transcripts: export TRANSCRIPTS = write
transcripts: ## Write down what the screen reader Orca says of Hearth: tests/browser/transcripts/
	@bin/setup --dev
	@$(PYTEST) tests/browser/test_screen_reader.py $(ARGS)

check: ## Run the linters, the type checker and other checks
	@bin/setup --dev
	@bin/check

format: ## Format the Python code and apply safe fixes
	@bin/setup --dev
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

messages: ## Bring the translations up to date with the code (needs gettext)
	@bin/setup --dev
	@bin/messages

settings: ## Write docs/settings.md from config/settings.py
	@bin/setup --dev
	@$(PY) -m tests.support.settings_page

templates: ## Write the tables of docs/templates.md, and the picture of a room (needs Chromium)
	@bin/setup --dev
	@$(PY) manage.py shell --no-imports -c "from tests.support.templates_page import write; write()"

lock: ## Rewrite the lock files (ARGS=--upgrade for newer versions)
	@bin/setup --dev
	@bin/lock $(ARGS)

image: ## Build the image and run it once (needs root, buildah and mmdebstrap)
	@bin/image

clean: ## Remove .venv and caches; data in var/ stays
	@rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache var/image
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
