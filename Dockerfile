# The image of every process of the hub: engine, adapters, setup. Packages are those of the lock, by SHA-256.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/hub
COPY requirements-run.lock ./
RUN /opt/hub/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements-run.lock
COPY pyproject.toml LICENSE ./
COPY schemas schemas
COPY adapters adapters
COPY hub hub
RUN /opt/hub/bin/pip install --no-deps --no-build-isolation . && /opt/hub/bin/pip check

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin hub \
    && install -d -o hub -g hub -m 0700 /var/lib/hub/keys /var/lib/hub/credentials /var/lib/hub/documents \
       /var/lib/hub/sandbox
COPY --from=build /opt/hub /opt/hub
COPY --chmod=0755 deploy/hub/entrypoint.sh /usr/local/bin/hub-entrypoint
COPY deploy/hub/set_up_site.py /opt/hub/set_up_site.py
ENV PATH=/opt/hub/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER hub
WORKDIR /var/lib/hub
ENTRYPOINT ["hub-entrypoint"]
CMD ["hub", "--help"]
