#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep under Slurm as plain shell, to read and to change: two arrays, one task a cell, the second after the first.
#   scripts/sweep_slurm.sh GRID.json DIR [SBATCH_OPTION…]      e.g. --partition=gpu --gres=gpu:1 --time=12:00:00
# `xlt sweep GRID.json --output DIR --submit slurm` does it with an array a share of the evaluations, each task after its own training, and with the
# options that the grid names. Submit again what was cancelled or failed: cells that are done end at once.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '4p' "$0" >&2; exit 2; }
grid=$(realpath "$1") folder=$(realpath -m "$2") xlt=$(realpath "${XLT:-./xlt}"); shift 2
mkdir -p "$folder/slurm"
# All trainings in one list, all evaluations in another.
"$xlt" sweep "$grid" --dry-run | python3 -c '
import json, sys
cells = json.load(sys.stdin)["cells"]
for kind in ("train", "eval"):
    open(f"{sys.argv[1]}/{kind}.list", "w").writelines(cell["id"] + "\n" for cell in cells if cell["kind"] == kind)' "$folder/slurm"

cat >"$folder/slurm/task.sh" <<TASK
#!/bin/bash
#SBATCH --requeue --open-mode=append --signal=B:USR1@120
id=\$(sed -n "\$((SLURM_ARRAY_TASK_ID + 1))p" "\$1")
# the last task of an array has the array's own id: scontrol would take all tasks
job=\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}
# in a step of its own: a preemption's SIGTERM goes to steps only
srun --ntasks=1 --kill-on-bad-exit=1 '$xlt' sweep '$grid' --output '$folder' --cell "\$id" &
step=\$!
# srun hands SIGUSR1 on; SIGTERM would end it without a save
trap 'kill -USR1 \$step 2>/dev/null' USR1 TERM
while wait \$step; code=\$?; kill -0 \$step 2>/dev/null; do :; done
# saved and left in time: Slurm would call that failed; but what was cancelled stays cancelled
if [ \$code = 130 ] && scontrol show job -o "\$job" | grep -q JobState=RUNNING; then scontrol requeue "\$job"; fi
exit \$code
TASK

submit() { # LIST [OPTION…]
  local list=$1; shift
  sbatch --parsable --array="0-$(($(wc -l <"$list") - 1))" --output="$folder/slurm/%x-%A_%a.log" "$@" "$folder/slurm/task.sh" "$list"
}
after=()
if [ -s "$folder/slurm/train.list" ]; then
  train=$(submit "$folder/slurm/train.list" --job-name=xlt-train "$@")
  # afterany: evaluations of what failed fail at once, saying so, and those of the others go on
  after=(--dependency="afterany:$train")
fi
evaluations=$(submit "$folder/slurm/eval.list" --job-name=xlt-eval ${after[@]+"${after[@]}"} "$@")
sbatch --parsable --job-name=xlt-collect --dependency="afterany:$evaluations" --output="$folder/slurm/collect.log" "$@" \
  --wrap "'$xlt' sweep '$grid' --output '$folder' --collect"
