# Hearth in one image: docs/deploying.md says how to use it. Build it with
#   docker build -t hearth .
# and with uvicorn, which bears more: --build-arg LOCK=requirements-uvicorn.lock
# Where packages come from another index than PyPI, the image is told while it is built, and keeps nothing of it:
#   docker build --secret id=pip.conf,src=pip.conf --secret id=ca.pem,src=ca.pem -t hearth .
# with `cert = /run/secrets/ca.pem` in that pip.conf, if it has a certificate of its own.
ARG BASE=docker.io/library/debian:trixie-slim

# Packages come from PyPI by the hashes in the lock files, and from Debian by its signatures.
FROM ${BASE} AS python
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log

FROM python AS build
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q && apt-get install -y -q --no-install-recommends python3-venv
WORKDIR /opt/hearth
ARG LOCK=requirements.lock
COPY requirements-build.lock ${LOCK} ./
# Some packages come as source. What builds them has hashes too, so it is installed first.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem \
    python3 -m venv .venv \
    && .venv/bin/pip install -q --no-cache-dir --no-compile --require-hashes -r requirements-build.lock \
    && .venv/bin/pip install -q --no-cache-dir --no-compile --require-hashes --no-build-isolation -r ${LOCK} \
    && .venv/bin/pip uninstall -q -y setuptools pip
COPY manage.py pyproject.toml LICENSE ./
COPY accounts accounts
COPY config config
COPY locale locale
COPY rooms rooms
COPY static static
COPY templates templates
RUN SECRET_KEY=unused DATA_DIR=/tmp/data .venv/bin/python manage.py setup --no-backup \
    && mv /tmp/data/static static.collected \
    && .venv/bin/python -m compileall -q -j0 .venv/lib accounts config rooms

FROM python
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin hearth \
    && install -d -o hearth -g hearth -m 0700 /data
COPY --from=build /opt/hearth /opt/hearth
WORKDIR /opt/hearth
ENV DATA_DIR=/data STATIC_DIR=/opt/hearth/static.collected PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# The first start, and the first one after an update, may take a while.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD [".venv/bin/python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT [".venv/bin/python", "manage.py"]
CMD ["serve", "--setup", "--host", "0.0.0.0"]
