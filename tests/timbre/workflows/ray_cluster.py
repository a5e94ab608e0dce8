"""A Ray cluster of two nodes on loopback, which runs until its standard input closes."""

import os
import sys
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    # Ray replaces 127.0.0.1 with the machine’s public address; 127.0.0.2 is loopback, too.
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
