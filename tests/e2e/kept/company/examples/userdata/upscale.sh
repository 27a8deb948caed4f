#!/bin/sh
# Runs once, on a GPU slot's first boot: starts the worker, which takes pictures until none are left.
set -eu
systemctl enable --now upscale-worker.service
