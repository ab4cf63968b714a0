# The API and its migrations: no torch, no Ray, not root, nothing written outside /tmp.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GOFAU_DATA_DIR=/tmp/gofau
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
COPY gofau gofau
COPY studies studies
COPY workers workers
COPY service service
RUN pip install --no-cache-dir --constraint requirements.lock ".[service,tracing]" \
    && useradd --system --uid 10001 gofau
USER 10001
EXPOSE 8080
CMD ["gofau", "serve"]
