#!/bin/sh
# Runs once, on a GPU slot's first boot: starts the worker, which takes jobs until none are left.
set -eu
systemctl enable --now transcribe-worker.service
