"""The peers' share of `bench.peers`, each run by Python in an environment of its own."""
