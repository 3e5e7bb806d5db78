"""Scripts that do the peers' share of `bench.peers`, each run by an environment of its own."""
