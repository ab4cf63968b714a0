# The API and its migrations: no torch, no Ray, not root, nothing written outside /tmp.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GOFAU_DATA_DIR=/tmp/gofau
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gofau
WORKDIR /app
# What it depends on is a layer of its own, so that a change of code downloads none of it again.
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir --constraint requirements.lock ".[service,tracing]"
COPY gofau gofau
COPY studies studies
COPY workers workers
COPY service service
RUN pip install --no-cache-dir --no-deps --force-reinstall . \
    && rm -rf build gofau.egg-info
USER 10001
EXPOSE 8080
CMD ["gofau", "serve"]
