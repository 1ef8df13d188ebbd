import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

// A plan as SQL.
const [, , cli, file, ...plan] = process.argv
writeFileSync(file, execFileSync(process.execPath, [cli, ...plan, '--format', 'sql'], { maxBuffer: 1 << 30 }))
