"""Commands of the pages that no test runs as they stand there, each with the reason."""
# ruff: noqa: E501  commands stand as in the pages

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Left:
    """Commands below one heading of a page, line by line."""

    page: str
    heading: str
    why: str
    commands: str


ALL = "it runs everything that is tested piece by piece, for many minutes: tests/scenario/test_demo.py"
STAND_IN = "a process with files of its own: started by the tests of its adapter, with other paths"
RECONCILED = "tests/contract/test_portal_reconciliation.py runs what it calls"
BENCH = "a measurement, for many minutes: tests/project/test_bench_*.py"
CONTAINERS = "no machine of the tests has Docker: tests/integration/project looks at the files"
SERVERS = "real servers, as root: walked by hand; tests/project/test_systemd.py looks at the units"
BACKUP = "tests/integration/postgres restores with programs of the embedded PostgreSQL"
SAMPLES = "tests/integration/participants/test_official_sdks.py runs each program, with kits from a cache"
EXAMPLES = "a process with settings of a site: the demo runs it, tests/scenario/test_demo.py"
TRAFFIC = "it goes on until it is stopped: tests/scenario/test_local_hub.py lets it play some lives"
OPERATORS = (
    "names of a site: tests/integration/cli runs each command, and each line here is read by the parser"
)

LEFT = (
    Left(
        "README.md",
        "Two commands",
        ALL,
        """
make demo
make test
""",
    ),
    Left(
        "adapters/national_portal/README.md",
        "Payments that were not told",
        RECONCILED,
        """
python -m adapters.national_portal.reconciliation
""",
    ),
    Left(
        "adapters/national_portal/README.md",
        "The sandbox",
        STAND_IN,
        """
python -m adapters.national_portal.sandbox --port 0 --journal var/portal.jsonl --port-file var/portal.port
""",
    ),
    Left(
        "adapters/population_db/README.md",
        "The sandbox",
        STAND_IN,
        """
python -m adapters.population_db.sandbox --journal journal.jsonl [--port 0] [--port-file FILE] [--people FILE] [--config FILE]
""",
    ),
    Left(
        "adapters/postal/README.md",
        "The sandbox",
        STAND_IN,
        """
python -m adapters.postal.sandbox --port 0 --journal var/postal.jsonl --port-file var/postal.port
""",
    ),
    Left(
        "bench/README.md",
        "Benchmarks",
        BENCH,
        """
make bench
make bench ARGS="all --quick"
make bench ARGS="all"
make bench ARGS="core --only hub-1,copy-send --rounds 5"
make bench ARGS="targets"
make bench ARGS="targets --go-on"
""",
    ),
    Left(
        "deploy/README.md",
        "Deployment",
        CONTAINERS,
        """
sh deploy/make-secrets.sh
export POPULATION_RIGHTS=population-rights.sandbox.json
export POSTAL_STATUS_CODES=sandbox_status_codes.toml
docker compose --profile sandbox up --build -d
docker compose logs -f engine-1
""",
    ),
    Left(
        "docs/delivery.md",
        "What an operator does",
        OPERATORS,
        """
hub deliveries list
hub deliveries list postal --state pending
hub deliveries show postal ID
hub deliveries show postal ID --body --operator NAME
hub deliveries settle postal ID --as delivered --operator NAME --reason "order is in their system"
hub deliveries settle postal ID --as not-delivered --operator NAME --reason "they never had it"
hub deliveries settle postal ID --as given-up --operator NAME --reason "nobody can say; the officer calls"
hub deliveries pause postal --operator NAME --reason "their release tonight"
hub deliveries resume postal --operator NAME
""",
    ),
    Left(
        "docs/operations.md",
        "Organisations",
        OPERATORS,
        """
hub organisations diff organisations.csv --lists lists.csv
hub organisations import organisations.csv --lists lists.csv --desks desks.csv --operator NAME --reason "decision 12/2025"
hub organisations show
hub organisations show 000.12.34.H07 --on 2025-06-30
hub organisations editions
hub organisations export organisations.json
""",
    ),
    Left(
        "docs/operations.md",
        "Officers",
        OPERATORS,
        """
hub roster diff officers.csv --delegations delegations.csv
hub roster import officers.csv --delegations delegations.csv --operator NAME --reason "decision 15/2026"
hub roster show 000.12.34.H07
hub roster show 000.12.34.H07 --public
hub roster editions
hub roster export roster.json
""",
    ),
    Left(
        "docs/deploy.md",
        "3. The program",
        SERVERS,
        """
python3 -m venv /opt/hub
/opt/hub/bin/pip install --require-hashes --no-deps -r requirements-run.lock
/opt/hub/bin/pip install --no-deps --no-build-isolation .
useradd --system --user-group --home-dir /var/lib/hub --shell /usr/sbin/nologin hub
install -d -m 0750 -g hub /etc/hub
install -m 0644 deploy/systemd/hub-*.service /etc/systemd/system/
systemctl daemon-reload
""",
    ),
    Left(
        "docs/deploy.md",
        "4. Settings",
        SERVERS,
        """
HUB_ENVIRONMENT=live
HUB_KAFKA__BOOTSTRAP=broker-1:9095,broker-2:9095,broker-3:9095
HUB_KAFKA__PARTICIPANTS_BOOTSTRAP=kafka.example.gov.vn:9094
HUB_KAFKA__CA_FILE=/etc/hub/broker-ca.pem
HUB_KAFKA__REPLICATION=3
HUB_POSTGRES__DSN=postgresql://hub:...@database/hub?sslmode=verify-full&sslrootcert=/etc/hub/database-ca.pem
HUB_DOCUMENTS__FOLDER=/var/lib/hub/documents
HUB_HTTP_HOST=10.0.0.11
""",
    ),
    Left(
        "docs/deploy.md",
        "5. Set up",
        SERVERS,
        """
set -a; . /etc/hub/common.env; . /etc/hub/engine.env; set +a
export HUB_KAFKA__USER=admin HUB_KAFKA__PASSWORD=...
/opt/hub/bin/hub setup --env-file /etc/hub/new.env
/opt/hub/bin/hub gateway user
/opt/hub/bin/hub participants add postal --role postal
""",
    ),
    Left(
        "docs/deploy.md",
        "6. Start, and look",
        SERVERS,
        """
systemctl enable --now hub-engine@engine-1 hub-gateway hub-adapter@population hub-adapter@postal hub-adapter@portal
/opt/hub/bin/hub doctor
journalctl -u hub-engine@engine-1 -o cat
curl -fsS http://10.0.0.11:8080/readyz
""",
    ),
    Left(
        "docs/forms.md",
        "The forms that people hold",
        OPERATORS,
        """
hub forms list
hub forms preview 01 --sample --into form-01.pdf
hub forms preview 01 --dossier 000.12.34.H07-261123-0001 --into form-01.pdf --reason "reprint for the counter"
hub forms preview urging --dossier 000.12.34.H07-261123-0001 --into letter.pdf --reason "the urging letter"
hub forms check
hub forms register 000.12.34.H07 --from 2026-11-23 --to 2026-11-27 --into register.xlsx --reason "the week's register"
""",
    ),
    Left(
        "docs/gateway.md",
        "Start",
        OPERATORS,
        """
hub gateway user
hub run gateway
""",
    ),
    Left(
        "docs/operations.md",
        "First start",
        OPERATORS,
        """
hub setup
""",
    ),
    Left(
        "docs/operations.md",
        "On one machine: `make up`",
        TRAFFIC,
        """
hub sandbox traffic
hub sandbox traffic --rate 20 --for 10m
""",
    ),
    Left(
        "docs/operations.md",
        "Participants",
        OPERATORS,
        """
hub participants add NAME --role ROLE --organisation CODE
hub participants list
hub participants edit NAME --role ROLE --organisation CODE --reason "..."
hub participants rotate NAME
hub participants remove NAME --reason "..."
""",
    ),
    Left(
        "docs/operations.md",
        "Offsets and gaps",
        OPERATORS,
        """
hub offsets list
hub offsets accept in.counter-a 0 --reason "sent again by the counter"
""",
    ),
    Left(
        "docs/operations.md",
        "Dead letters",
        OPERATORS,
        """
hub dead-letters list
hub dead-letters show 17
hub dead-letters resolve 17 --reason "corrected by the sender"
""",
    ),
    Left(
        "docs/operations.md",
        "Altered rows",
        OPERATORS,
        """
hub verify || echo "rows were altered"
""",
    ),
    Left(
        "docs/operations.md",
        "Parked dossiers and redrive",
        OPERATORS,
        """
hub redrive
hub redrive 01a207d4-6a91-8fad-a593-6c005373053c --reason "rule repaired in 0.1.1"
hub redrive --all --reason "rule repaired in 0.1.1"
""",
    ),
    Left(
        "docs/operations.md",
        "Replay",
        OPERATORS,
        """
hub replay counter-a --since 2026-11-01T00:00:00 --reason "their disk"
hub replay counter-a --since 2026-11-01 --receipts --reason "their disk"
""",
    ),
    Left(
        "docs/operations.md",
        "Budgets",
        OPERATORS,
        """
hub participants budget counter-a
hub participants budget counter-a --records-per-day 20000000
hub participants budget counter-a --kept-bytes 8589934592
hub participants resume counter-a
""",
    ),
    Left(
        "docs/operations.md",
        "Backup and restore",
        BACKUP,
        """
pg_dump -Fc -f hub.dump "$HUB_POSTGRES__DSN"
pg_restore -1 -d "$HUB_POSTGRES__DSN" hub.dump
""",
    ),
    Left(
        "docs/operations.md",
        "Erasing a dossier",
        OPERATORS,
        """
hub erase 01a207d4-6a91-8fad-a593-6c005373053c --operator NAME --reason "decision 12/2026"
hub erase 000.12.34.H07-261123-0001 --operator NAME --reason "decision 12/2026"
""",
    ),
    Left(
        "docs/operations.md",
        "What operators did",
        OPERATORS,
        """
hub actions
hub actions counter-a --limit 500
""",
    ),
    Left(
        "examples/agency_over_https/README.md",
        "An agency's case system over HTTPS",
        EXAMPLES,
        """
hub participants add agency-h --http --role agency --organisation 000.12.35.H07
GATEWAY_URL=https://… GATEWAY_TOKEN=… PARTICIPANT=agency-h AGENCY_OFFICER="officer-01:Nguyễn Văn Thử" AGENCY_JOURNAL=var/agency.jsonl python -m examples.agency_over_https.app
""",
    ),
    Left(
        "examples/agency_system/README.md",
        "An agency's case system on FastStream",
        EXAMPLES,
        """
KAFKA_BOOTSTRAP=127.0.0.1:9092 KAFKA_USER=agency KAFKA_PASSWORD=… AGENCY_OFFICER="officer-01:Nguyễn Văn Thử" AGENCY_JOURNAL=var/agency.jsonl python -m examples.agency_system.app
""",
    ),
    Left(
        "examples/clients/README.md",
        "Samples for participants",
        SAMPLES,
        """
join() {
hub participants add "$1" --role "$2" --organisation "$3" --into var || hub participants rotate "$1" --into var
}
join one-stop counter 000.12.34.H07
join town-hall agency 000.12.35.H07
python examples/clients/python/life.py var/one-stop.conf var/town-hall.conf
node examples/clients/javascript/life.mjs var/one-stop.conf var/town-hall.conf
mvn -q -f examples/clients/java/pom.xml compile exec:java -Dexec.args="$PWD/var/one-stop.properties $PWD/var/town-hall.properties"
hub participants add one-stop-h --http --role counter --organisation 000.12.34.H07 --into var | tee var/one-stop-h.txt
hub participants add town-hall-h --http --role agency --organisation 000.12.35.H07 --into var
export $(grep ^GATEWAY= var/one-stop-h.txt)
(cd var && ../examples/clients/curl/life.sh one-stop-h town-hall-h)
""",
    ),
    Left(
        "examples/counter/README.md",
        "A counter on plain aiokafka",
        EXAMPLES,
        """
KAFKA_BOOTSTRAP=127.0.0.1:9092 KAFKA_USER=counter-1 KAFKA_PASSWORD=… COUNTER_JOURNAL=var/counter-1.jsonl python -m examples.counter.app
""",
    ),
    Left(
        "examples/demo/README.md",
        "The demo: a province's working week",
        ALL,
        """
make demo
""",
    ),
    Left(
        "examples/postal_operator/README.md",
        "A postal operator on Kafka",
        EXAMPLES,
        """
KAFKA_BOOTSTRAP=127.0.0.1:9092 KAFKA_USER=postal KAFKA_PASSWORD=… POSTAL_JOURNAL=var/postal-orders.jsonl python -m examples.postal_operator.app
""",
    ),
    Left(
        "examples/traffic/README.md",
        "Traffic on demand",
        TRAFFIC,
        """
hub sandbox traffic --rate 2 [--for 10m] [--dossiers 40]
""",
    ),
)
