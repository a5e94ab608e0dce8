"""A Ray cluster of two nodes on this machine, bound to loopback, until its input is closed."""

import os
import sys
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    # Ray reads 127.0.0.1 as the machine’s outward address; this one is as little reachable.
    "node_ip_address": "127.0.0.2",
    "include_dashboard": False,
}

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    cluster.add_node(**NODE)
    sys.stdout.write(f"{cluster.address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()  # type: ignore[no-untyped-call] # Ray types it in part
