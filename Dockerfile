# The image of the worker, the web server and `meguri`. Libraries are installed by hash, from the lock without the developers' part.
FROM python:3.13.12-slim-trixie AS libraries
COPY requirements.run.lock .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.run.lock

FROM python:3.13.12-slim-trixie
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --user-group --home-dir /app --shell /usr/sbin/nologin meguri \
 && printf '#!/bin/sh\nexec python -c "import sys; from starter import main; sys.exit(main())" "$@"\n' > /usr/local/bin/meguri \
 && chmod 755 /usr/local/bin/meguri
COPY --from=libraries /opt/venv /opt/venv
WORKDIR /app
COPY settings.py logs.py starter.py worker.py web.py ./
COPY domain domain
COPY storage storage
COPY channels channels
COPY embedded embedded
COPY process process
COPY activities activities
COPY workflows workflows
COPY service service
COPY sheets sheets
COPY texts texts
COPY cli cli
COPY web web
COPY samples samples
USER meguri
CMD ["python", "worker.py", "--role", "all"]
