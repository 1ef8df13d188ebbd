// A shell process that stops the throwaway servers and removes their folders when this process has ended, even after SIGKILL.

import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Reads folders until its input ends, which happens however this process ends. Then it stops the servers in the folders and
 * removes them. It finds servers by their arguments: this process may end before a postmaster has written its postmaster.pid.
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
 * Starts the watchdog and returns a function that registers a folder with it, which must happen before the folder is created.
 * There is no other cleanup at the end: signal and exit handlers would only do the same a little earlier, and would change
 * what signals do to the rest of the process.
 */
export function startWatchdog(): (folder: string) => void {
  // Detached, because Ctrl-C in the terminal goes to the whole foreground process group.
  const child = spawn('/bin/sh', ['-c', program], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  return (folder) => child.stdin.write(`${folder}\n`)
}
