import { writeFileSync } from 'node:fs'

// Loaded into the measured process: notes its peak memory, in kilobytes, when it ends.
process.on('exit', () => writeFileSync(process.env.FDWSYNC_BENCH_PEAK, String(process.resourceUsage().maxRSS)))
