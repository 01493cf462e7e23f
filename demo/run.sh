#!/bin/sh
# A whole course in demo-course/: three students, the shipped solutions that tiers are named after, boards and pages.
# Run again, it changes nothing.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
course=$root/demo-course
PATH=$root/.venv/bin:$PATH
export PATH HELDOUT_COURSE="$course"

# Show a command as one would type it, then run it.
run() {
    typed=
    for word; do
        case $word in *[!A-Za-z0-9_./=-]*) word="'$word'" ;; esac
        typed="$typed $word"
    done
    if [ -t 1 ]; then printf '\n\033[1m$%s\033[0m\n' "$typed"; else printf '\n$%s\n' "$typed"; fi
    "$@"
}

run heldout doctor
# 1,000 held-out items an assignment instead of up to 10,000: all of it is graded within minutes on two cores.
run heldout course init demo-course --title "Deep Learning" --items 1000
grep -q wall_seconds "$course/course.toml" ||
    sed -i '/^\[assignments.denoising\]/a # The assignment allows 120 s; the demo is in a hurry.\nwall_seconds = 30' \
        "$course/course.toml"
run heldout roster import demo/roster.csv
echo "
1,000 items an assignment, a fifth of them public: on so few, a solution may miss its own tier by chance."
# FULL=1 (make demo-full): every method that is shipped, in a minute or two more.
if [ -n "${FULL:-}" ]; then run heldout baselines; else run heldout baselines --exemplars; fi

# The students' version of a notebook: nbgrader takes solutions and hidden tests out, then it is run.
[ -f "$course/notebooks/denoising/notebook.ipynb" ] || run heldout notebooks release denoising

# Ada starts from the starter code, trains it, checks it and hands it in; then its code alone, for the grader to train.
ada=$course/work/ada
if [ ! -f "$ada/weights.safetensors" ]; then
    rm -rf "$ada"
    run heldout start denoising demo-course/work/ada
    run cd demo-course/work/ada
    run python train.py
    run heldout check
    run cd ../../..
fi
run heldout submit denoising -f demo-course/work/ada --team "Ada Lovelace" -m "the starter code, trained"
run heldout submit denoising -f demo-course/work/ada --team "Ada Lovelace" -m "its code alone" --train
# Brook's model answers in the wrong shape; Sloane's would need half an hour.
run heldout submit denoising -f demo/students/broken --team "Brook Taylor" -m "an autoencoder of flat images"
run heldout submit denoising -f demo/students/slow --team "Sloane Newton" -m "averages many patches"
run heldout grade

for slug in denoising vae gan cnn rnn mnist1d; do
    run heldout leaderboard "$slug"
done
run heldout leaderboard denoising --train

# Neither Brook nor Sloane is on a board: this is how they learn why.
run heldout submissions denoising --team "Sloane Newton"
run heldout submissions denoising --team "Brook Taylor"
run heldout show "$(heldout submissions denoising --team "Brook Taylor" --csv | sed -n '2s/,.*//p')"

# What the class would get by a policy; nothing is applied.
run heldout grades preview --policy demo/grades.toml
run heldout grades explain ada --policy demo/grades.toml

run heldout export-site demo-course/site
printf '\nThe boards as pages: file://%s\n' "$course/site/index.html"

heldout roster list --format csv | grep -q '^ines,' ||
    run heldout roster staff "Ines Teacher" ines@example.org ines --role instructor
printf '\nServe it, at http://127.0.0.1:8000/ :\n\n    . .venv/bin/activate; heldout serve --course demo-course --invite ines --invite ada\n\n' 
