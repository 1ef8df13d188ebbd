import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Reads folders until its input ends, which it does however our process ends, then stops what runs on them and removes
 * them. It finds the servers by their arguments: we may have ended before a postmaster wrote its postmaster.pid.
 */
const program = `
while IFS= read -r folder; do set -- "$@" "$folder"; done

arguments() {
  if [ -d /proc/self ]; then
    for file in $(grep -lF -e "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
      pid=\${file#/proc/}
      printf '%s %s\\n' "\${pid%/cmdline}" "$(tr '\\0\\n' '  ' 2>/dev/null <"$file")"
    done
  else
    ps -A -o pid= -o args=
  fi
}

running() {
  arguments "$1" | while read -r pid line; do
    case $line in *"/initdb -D $1/"* | *"/postgres -D $1/"* | *"/postgres --single -D $1/"*) echo "$pid" ;; esac
  done
}

for folder; do
  tries=0
  while [ -e "$folder" ] && [ $tries -lt 300 ]; do
    tries=$((tries + 1))
    pids=$(running "$folder")
    if [ -z "$pids" ]; then
      rm -rf -- "$folder" 2>/dev/null
    else
      if [ $tries -lt 100 ]; then signal=QUIT; else signal=KILL; fi
      kill -s $signal $pids 2>/dev/null
    fi
    [ ! -e "$folder" ] || sleep 0.1
  done
done
`

/**
 * Starts the process that cleans up after ours, even after a SIGKILL. The result announces a folder to it, which must
 * be done before the folder is made. It is our only way to clean up at the end: signal handlers and exit handlers of our
 * own would only do the same a little earlier, and change what a signal does to everybody else in the process.
 */
export function startWatchdog(): (folder: string) => void {
  // Detached: a Ctrl-C in the terminal goes to the whole foreground group.
  const child = spawn('/bin/sh', ['-c', program], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  return (folder) => child.stdin.write(`${folder}\n`)
}
