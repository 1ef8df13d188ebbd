import { writeFileSync } from 'node:fs'

// Loaded into the measured process: notes its peak memory and its CPU time when it ends.
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const used = { kilobytes: maxRSS, cpu: (userCPUTime + systemCPUTime) / 1e6 }
  writeFileSync(process.env.FDWSYNC_BENCH_PEAK, JSON.stringify(used))
})
