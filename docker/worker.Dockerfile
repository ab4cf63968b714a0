# Ray head and workers: torch, Ray and the training code.
FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
COPY gofau gofau
COPY studies studies
COPY workers workers
COPY service service
RUN pip install --no-cache-dir --constraint requirements.lock ".[workers]" \
    && useradd --system --uid 10001 --create-home gofau
USER 10001
CMD ["ray", "start", "--help"]
