# Ray head and workers: torch, Ray, the training code, and a compiler for the packed kernels.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GOFAU_CACHE_DIR=/var/cache/gofau
# The compiler's version is the base image's; what it builds is keyed by that version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home gofau \
    && install --directory --owner=gofau --mode=0700 /var/cache/gofau
WORKDIR /app
# What it depends on is a layer of its own, so that a change of code downloads none of it again.
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --constraint requirements.lock ".[workers,tracing]"
COPY gofau gofau
COPY studies studies
COPY workers workers
COPY service service
RUN pip install --no-cache-dir --no-deps --force-reinstall . \
    && rm -rf build gofau.egg-info
USER 10001
CMD ["ray", "start", "--help"]
