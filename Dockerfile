# bench for a machine that has Docker alone: docker build -t bench . && docker run --rm -it -v "$PWD:/work" bench doctor
# docs/docker.md says what generating and grading need from in here.
FROM python:3.11-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap libgomp1 procps \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/bench/
RUN pip install --no-cache-dir --no-deps -r /opt/bench/requirements.txt
COPY pyproject.toml README.md dodo.py docker-compose.yml /opt/bench/
COPY bench /opt/bench/bench
RUN pip install --no-cache-dir --no-deps /opt/bench
WORKDIR /work
ENTRYPOINT ["bench"]
