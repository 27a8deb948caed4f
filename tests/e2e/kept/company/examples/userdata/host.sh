#!/bin/sh
# Runs once, on a droplet's first boot: joins the mesh; services are deployed by their own projects.
set -eu
apt-get update
apt-get install --yes wireguard
