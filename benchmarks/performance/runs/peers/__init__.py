"""Competitors as searchers or schedulers, so that they run in the same loop, simulator and process as ours.

Unlike the components of tunekit, ``suggest`` changes what they hold: they are timed and compared, never folded.
What they propose begins with their own initial design, and may repeat a configuration where the space is finite.
"""

from runs.peers.building import PEERS, Peer, build_peer

__all__ = ["PEERS", "Peer", "build_peer"]
