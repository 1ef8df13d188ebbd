import { writeFileSync } from 'node:fs'

// Loaded into the measured process: notes the CPU time that it has used, in seconds, when it ends.
process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  writeFileSync(process.env.FDWSYNC_BENCH_CPU, String((user + system) / 1e6))
})
